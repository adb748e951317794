import { describe, expect, it } from 'vitest';
import type { Handling } from '../../../src/policy/decision.ts';
import { decide } from '../../../src/policy/evaluate.ts';
import type { Divergence } from '../../../src/policy/shadow.ts';
import { divergences } from '../../../src/policy/shadow.ts';
import { ANNOTATORS, policyFrom, REVIEWERS, testPrincipal, testRequest } from '../../support/policy.ts';

interface Sections {
  readonly rules: readonly string[];
  readonly force?: readonly string[];
  readonly quotas?: readonly string[];
}

const STAFF = '{ id: staff, allow: [portal], domains: [acme.com], roles: [user], auth_methods: any, groups: any }';
const NEVER = '{ id: never, deny: any, domains: [rival.io] }';

function policyOf({ rules, force = [], quotas = [] }: Sections) {
  const list = (name: string, rows: readonly string[]) =>
    rows.length === 0 ? `${name}: []\n` : `${name}:\n${rows.map((row) => `  - ${row}\n`).join('')}`;
  return policyFrom(
    `version: 1\ncallers:\n  portal: { issuer: corp, client_id: [hr-portal] }\n${list('force', force)}${list('rules', rules)}${list('quotas', quotas)}`,
  );
}

function compare(
  active: Sections,
  shadow: Sections,
  request: ReturnType<typeof testRequest>,
  handling: Handling = 'strict',
): Divergence[] {
  const [before, after] = [active, shadow].map((sections) =>
    decide(policyOf(sections), testPrincipal(), request, 0, handling),
  );
  return divergences(before!, after!);
}

describe('two policies that decide alike', () => {
  it('do not diverge, whatever their rules are called and however they reason', () => {
    const request = testRequest(['ann@acme.com', 'eve@rival.io', 'pat@partner.io']);
    expect(compare({ rules: [STAFF, NEVER] }, { rules: [STAFF.replace('staff', 'people')] }, request)).toEqual([]);
  });

  it('do not diverge over values that neither would send', () => {
    const force = ['{ id: okta, domains: [acme.com], auth_method: okta }'];
    expect(
      compare({ rules: [STAFF] }, { rules: [STAFF], force }, testRequest(['ann@acme.com', 'eve@rival.io'])),
    ).toEqual([]);
  });

  it('do not diverge over the order of groups', () => {
    const force = (...groups: string[]) => [`{ id: teams, domains: [acme.com], groups: [${groups.join(', ')}] }`];
    expect(
      compare(
        { rules: [STAFF], force: force(ANNOTATORS, REVIEWERS) },
        { rules: [STAFF], force: force(REVIEWERS, ANNOTATORS) },
        testRequest('ann@acme.com'),
      ),
    ).toEqual([]);
  });
});

describe('a shadow policy that is wider', () => {
  it('would allow, by its rule, what a rule denies', () => {
    expect(
      compare(
        { rules: [NEVER, STAFF] },
        { rules: [STAFF.replace('acme.com', 'acme.com, rival.io')] },
        testRequest('eve@rival.io'),
      ),
    ).toEqual([{ kind: 'would_allow', activeRule: 'never', shadowRule: 'staff', because: ['domains'], addresses: 1 }]);
  });

  it('is told of address by address, also where the batch as a whole stays refused', () => {
    const wider = STAFF.replace('acme.com', 'acme.com, partner.io');
    const emails = ['ann@acme.com', 'pat@partner.io', 'pam@partner.io', 'eve@rival.io'];
    expect(compare({ rules: [STAFF] }, { rules: [wider] }, testRequest(emails))).toEqual([
      { kind: 'would_allow', activeRule: null, shadowRule: 'staff', because: ['no-rule'], addresses: 2 },
    ]);
  });
});

describe('a shadow policy that is narrower', () => {
  it('would deny, for reasons of its own', () => {
    const rules = [STAFF.replace('roles: [user]', 'roles: [read_only]')];
    expect(compare({ rules: [STAFF] }, { rules }, testRequest(['ann@acme.com', 'bob@acme.com']))).toEqual([
      { kind: 'would_deny', activeRule: 'staff', shadowRule: 'staff', because: ['roles'], addresses: 2 },
    ]);
    expect(compare({ rules: [STAFF] }, { rules: [], quotas: [] }, testRequest('ann@acme.com'))).toEqual([
      { kind: 'would_deny', activeRule: 'staff', shadowRule: null, because: ['no-rule'], addresses: 1 },
    ]);
  });

  it('would deny by a limit that one request alone exceeds', () => {
    const quotas = ['{ id: batch, per: request, emails: 1 }'];
    expect(
      compare({ rules: [STAFF] }, { rules: [STAFF], quotas }, testRequest(['ann@acme.com', 'bob@acme.com'])),
    ).toEqual([{ kind: 'would_deny', activeRule: 'staff', shadowRule: 'batch', because: ['emails'], addresses: 2 }]);
  });
});

describe('a shadow policy that forces other values', () => {
  const okta = ['{ id: okta, domains: [acme.com], auth_method: okta, send_email: false }'];

  it('is told of by field and row', () => {
    expect(compare({ rules: [STAFF] }, { rules: [STAFF], force: okta }, testRequest('ann@acme.com'))).toEqual([
      { kind: 'other_values', activeRule: null, shadowRule: 'okta', because: ['auth_method'], addresses: 1 },
      { kind: 'other_values', activeRule: null, shadowRule: 'okta', because: ['send_email'], addresses: 1 },
    ]);
  });

  it('counts only addresses that both would invite', () => {
    const request = testRequest(['ann@acme.com', 'pat@partner.io']);
    const both = STAFF.replace('acme.com', 'acme.com, partner.io');
    const everybody = [okta[0]!.replace('acme.com', 'acme.com, partner.io')];
    expect(compare({ rules: [both] }, { rules: [STAFF], force: everybody }, request, 'lenient')).toEqual([
      { kind: 'would_deny', activeRule: 'staff', shadowRule: null, because: ['no-rule'], addresses: 1 },
      { kind: 'other_values', activeRule: null, shadowRule: 'okta', because: ['auth_method'], addresses: 1 },
      { kind: 'other_values', activeRule: null, shadowRule: 'okta', because: ['send_email'], addresses: 1 },
    ]);
  });
});

describe('what is told', () => {
  it('holds no address', () => {
    const emails = Array.from({ length: 50 }, (_, n) => `p${n}@${n % 2 === 0 ? 'acme.com' : 'rival.io'}`);
    const reported = compare(
      { rules: [STAFF] },
      { rules: [STAFF.replace('acme.com', 'rival.io')] },
      testRequest(emails),
    );
    expect(reported).toHaveLength(2);
    expect(JSON.stringify(reported)).not.toMatch(/@|acme\.com|rival\.io/);
  });
});
