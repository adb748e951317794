import { describe, expect, it } from 'vitest';
import type { Principal } from '../../../../src/auth/principal.ts';
import { describeCapabilities } from '../../../../src/policy/capabilities/capabilities.ts';
import { ANNOTATORS, EXAMPLE_POLICY, policyFrom, REVIEWERS, testPrincipal } from '../../../support/policy.ts';

const NOW_MS = Date.UTC(2026, 5, 15);
const BASE = `version: 1
domains: { acme: [acme.com, "*.acme.com"], never: [gmail.com, rival.io, "*.rival.io"] }
groups: { annotators: ${ANNOTATORS}, reviewers: ${REVIEWERS} }
callers: { portal: { issuer: corp, client_id: [hr-portal] }, admins: { issuer: corp, groups: [it] } }
`;
const STAFF =
  '{ id: staff, allow: [portal], domains: [$acme], roles: [user, admin], auth_methods: [okta, email], groups: [$annotators, $reviewers] }';

const capabilities = (
  rules: readonly string[],
  { as = {}, nowMs = NOW_MS, sections = '' }: { as?: Partial<Principal>; nowMs?: number; sections?: string } = {},
) => describeCapabilities(policyFrom(`${BASE}rules: [${rules.join(', ')}]\n${sections}`), testPrincipal(as), nowMs);

describe('what a caller may do', () => {
  it('is told rule by rule, sets written out and groups by name', () => {
    const policy = policyFrom(EXAMPLE_POLICY);
    expect(describeCapabilities(policy, testPrincipal(), NOW_MS)).toEqual({
      digest: policy.digest,
      rules: [
        {
          id: 'hr-staff',
          domains: ['acme.com', '*.acme.com'],
          emails: [],
          roles: ['user', 'read_only'],
          auth_methods: ['okta'],
          groups: [{ id: ANNOTATORS, name: 'annotators' }],
          until: null,
          note: null,
        },
      ],
      forced: [
        {
          id: 'staff-use-okta',
          domains: ['acme.com', '*.acme.com'],
          emails: [],
          auth_method: 'okta',
          send_email: false,
        },
      ],
      limits: [
        { id: 'batch', per: 'request', unit: 'emails', limit: 50, window_s: null },
        { id: 'app-day', per: 'client_id', unit: 'emails', limit: 500, window_s: 86_400 },
        { id: 'burst', per: 'subject', unit: 'requests', limit: 20, window_s: 60 },
        { id: 'person', per: 'invitee', unit: 'emails', limit: 3, window_s: 86_400 },
      ],
    });
  });

  it('never holds a rule of another caller, nor a value forced on people this caller cannot invite', () => {
    const policy = policyFrom(
      `${BASE}rules: [${STAFF}, { id: deal, allow: [admins], domains: [secret-deal.com], emails: [chief@rival.io], roles: any, auth_methods: any }]
force: [{ id: hush, domains: [secret-deal.com], emails: [chief@rival.io], send_email: false }]
`,
    );
    const shown = JSON.stringify(describeCapabilities(policy, testPrincipal(), NOW_MS));
    for (const hidden of ['deal', 'hush', 'rival', 'chief']) expect(shown).not.toContain(hidden);
  });

  it('is nothing for somebody whom the policy does not know', () => {
    expect(capabilities([STAFF], { as: { clientId: 'unknown' } })).toMatchObject({ rules: [], forced: [] });
  });

  it('holds the rules of all its callers in file order, each once', () => {
    const both = STAFF.replace('[portal]', '[portal, admins]');
    const other = '{ id: other, allow: [admins], domains: [partner.io], roles: any, auth_methods: any }';
    expect(capabilities([other, both], { as: { groups: ['it'] } }).rules.map(({ id }) => id)).toEqual([
      'other',
      'staff',
    ]);
  });

  it('shows the last day of a rule and leaves it out afterwards', () => {
    const rules = [STAFF.replace(' }', ', until: 2026-07-01 }')];
    expect(capabilities(rules).rules).toMatchObject([{ id: 'staff', until: '2026-07-01' }]);
    expect(capabilities(rules, { nowMs: Date.UTC(2026, 6, 1) }).rules).toEqual([]);
  });

  it('says any where any group may be asked for', () => {
    expect(capabilities([STAFF.replace('[$annotators, $reviewers]', 'any')]).rules).toMatchObject([{ groups: 'any' }]);
  });

  it('never holds what is on the deny list, nor the list', () => {
    const deny = '{ id: never, deny: any, domains: [$never], emails: [x@acme.com] }';
    const shown = JSON.stringify(capabilities([deny, STAFF]));
    for (const hidden of ['never', 'gmail', 'rival', 'x@acme.com']) expect(shown).not.toContain(hidden);
  });
});

describe('what deny rules take away', () => {
  const rulesOf = (deny: string, rule = STAFF) => capabilities([deny, rule]).rules;

  it('is everything under a stop for all', () => {
    expect(rulesOf('{ id: stop, deny: any }')).toEqual([]);
  });

  it('is everything under a stop for this caller, and nothing under one for another', () => {
    expect(rulesOf('{ id: stop, deny: [portal] }')).toEqual([]);
    expect(rulesOf('{ id: stop, deny: [admins] }')).toHaveLength(1);
  });

  it('is nothing once it is over', () => {
    expect(rulesOf('{ id: stop, deny: any, until: 2026-06-15 }')).toHaveLength(1);
  });

  it('is a domain that is denied', () => {
    expect(rulesOf('{ id: no, deny: any, domains: [acme.com] }')).toMatchObject([{ domains: ['*.acme.com'] }]);
    expect(rulesOf('{ id: no, deny: any, domains: ["*.acme.com"] }')).toMatchObject([{ domains: ['acme.com'] }]);
    expect(rulesOf('{ id: no, deny: any, domains: ["*.com"] }')).toEqual([]);
  });

  it('is an address that is denied, or whose domain is', () => {
    const rule = STAFF.replace('domains: [$acme]', 'emails: [a@acme.com, B@eu.acme.com]');
    expect(rulesOf('{ id: no, deny: any, emails: [A@acme.com] }', rule)).toMatchObject([{ emails: ['b@eu.acme.com'] }]);
    expect(rulesOf('{ id: no, deny: any, domains: ["*.acme.com"] }', rule)).toMatchObject([{ emails: ['a@acme.com'] }]);
  });

  it('is a role, an auth method or a group that is denied everywhere', () => {
    expect(rulesOf('{ id: no, deny: any, roles: [admin] }')).toMatchObject([{ roles: ['user'] }]);
    expect(rulesOf('{ id: no, deny: any, auth_methods: [email] }')).toMatchObject([{ auth_methods: ['okta'] }]);
    expect(rulesOf('{ id: no, deny: any, groups: [$reviewers] }')).toMatchObject([
      { groups: [{ name: 'annotators' }] },
    ]);
  });

  it('is not a role that is denied in one of its domains only', () => {
    expect(rulesOf('{ id: no, deny: any, domains: [acme.com], roles: [admin] }')).toMatchObject([
      { domains: ['acme.com', '*.acme.com'], roles: ['admin', 'user'] },
    ]);
  });
});

describe('forced values', () => {
  const forcedBy = (target: string, rule = STAFF) =>
    capabilities([rule], { sections: `force: [{ id: f, ${target}, role: user }]\n` }).forced;

  it.each([
    ['the same domain', 'domains: [acme.com]'],
    ['a domain inside', 'domains: [eu.acme.com]'],
    ['sub-domains inside', 'domains: ["*.eu.acme.com"]'],
    ['sub-domains around', 'domains: ["*.com"]'],
    ['an address inside', 'emails: [ann@eu.acme.com]'],
  ])('are told for %s', (_what, target) => {
    expect(forcedBy(target)).toMatchObject([{ id: 'f', role: 'user' }]);
  });

  it('are not told for a neighbour', () => {
    expect(forcedBy('domains: [notacme.com, "*.notacme.com", partner.io], emails: [ann@notacme.com]')).toEqual([]);
  });

  it('are told with that part of their target only which concerns the caller', () => {
    expect(forcedBy('domains: [acme.com, other.example], emails: [x@other.example]')).toMatchObject([
      { domains: ['acme.com'], emails: [] },
    ]);
  });

  it('name their groups', () => {
    const { forced } = capabilities([STAFF], {
      sections: 'force: [{ id: f, domains: [$acme], groups: [$annotators] }]\n',
    });
    expect(forced).toMatchObject([{ groups: [{ id: ANNOTATORS, name: 'annotators' }] }]);
  });
});
