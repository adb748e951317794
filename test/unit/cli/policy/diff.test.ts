import { describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../../../src/audit/record.ts';
import type { RecordAddress } from '../../../../src/audit/record-address.ts';
import { createRecordAddress } from '../../../../src/audit/record-address.ts';
import type { CliDeps } from '../../../../src/cli/deps.ts';
import { LedgerFileError } from '../../../../src/platform/node/ledger/files/locate.ts';
import { ledgerName } from '../../../../src/platform/node/ledger/chosen-ledger.ts';
import type { ChosenLedger } from '../../../../src/platform/node/ledger/chosen-ledger.ts';
import type { LedgerReader } from '../../../../src/ledger/ledger-reader.ts';
import { emailsInRecord, recordBase } from '../../../../src/invite/record.ts';
import type { Principal } from '../../../../src/auth/principal.ts';
import type { InviteUsersRequest } from '../../../../src/contract/invite-users.ts';
import { decide } from '../../../../src/policy/evaluate.ts';
import type { Handling } from '../../../../src/policy/decision.ts';
import { EXAMPLE_POLICY, policyFrom, testPrincipal, testRequest } from '../../../support/policy.ts';
import { runPolicy } from './policy-harness.ts';

const EDITS = {
  'raised.yaml': EXAMPLE_POLICY.replace('roles: [user, read_only]', 'roles: [user, read_only, admin]'),
  'lowered.yaml': EXAMPLE_POLICY.replace('roles: [user, read_only]', 'roles: [read_only]'),
  'renamed.yaml': EXAMPLE_POLICY.replaceAll('hr-staff', 'hr-people'),
  'no-force.yaml': EXAMPLE_POLICY.replace(', send_email: false }\nrules', ' }\nrules'),
  'fewer.yaml': EXAMPLE_POLICY.replace('per: request,   emails: 50', 'per: request, emails: 1'),
  'no-partner.yaml': EXAMPLE_POLICY.replace('[$acme, partner.io]', '[$acme]'),
};

const diff = (line: string, options: Parameters<typeof runPolicy>[1] = {}) =>
  runPolicy(`diff ${line} --any-issuer`, { files: EDITS, env: {}, ...options });

describe('policy diff on tests', () => {
  it('finds nothing between a file and itself, asks each test once, and exits 0', async () => {
    const { code, stdout } = await diff('policy.yaml policy.yaml');
    expect(code).toBe(0);
    expect(stdout).toContain('The two are the same policy.');
    expect(stdout).toContain('Tests 3 tests, none decided otherwise');
    expect(stdout).not.toContain('Recorded');
  });

  it('finds what would be allowed, with the place of the test, and exits 1', async () => {
    const { code, stdout } = await diff('policy.yaml raised.yaml');
    expect(code).toBe(1);
    expect(stdout).toContain('Tests 3 tests, 1 decided otherwise');
    expect(stdout).toContain('policy.yaml:24 as hr-portal');
    expect(stdout).toContain('allowed where it was denied: 1 address, by hr-staff (was hr-staff: roles)');
  });

  it('finds what would be denied', async () => {
    const { code, stdout } = await diff('policy.yaml lowered.yaml');
    expect(code).toBe(1);
    expect(stdout).toContain('denied where it was allowed: 1 address, by hr-staff: roles (was hr-staff)');
  });

  it('finds what would be sent otherwise', async () => {
    const { code, stdout } = await diff('policy.yaml no-force.yaml');
    expect(code).toBe(1);
    expect(stdout).toContain('sent with another send_email: 1 address, staff-use-okta → as asked');
  });

  it('asks the tests of the new file, too', async () => {
    const files = {
      ...EDITS,
      'tested.yaml': `${EDITS['raised.yaml']}  - { as: hr-portal, invite: bob@acme.com, role: admin, expect: allow }\n`,
    };
    const { stdout } = await diff('policy.yaml tested.yaml', { files });
    expect(stdout).toContain('Tests 4 tests, 2 decided otherwise');
    expect(stdout).toContain('tested.yaml:26 as hr-portal');
  });

  it('does not mind another name of a rule', async () => {
    expect((await diff('policy.yaml renamed.yaml')).code).toBe(0);
  });

  it('shows addresses only when asked to', async () => {
    expect((await diff('policy.yaml raised.yaml')).stdout).not.toContain('ann@');
    expect((await diff('policy.yaml raised.yaml --json')).stdout).not.toContain('ann@');
    expect((await diff('policy.yaml raised.yaml --show-addresses')).stdout).toContain('ann@acme.com');
  });

  it('prints the problems of a file that cannot be taken, and exits 2', async () => {
    const { code, stdout } = await diff('policy.yaml broken.yaml');
    expect(code).toBe(2);
    expect(stdout).toMatch(/^broken\.yaml:\d+:\d+ /);
  });
});

/** One record as the service writes it when it decides this request under EXAMPLE_POLICY; not a whole trail. */
function recordOf(
  request: InviteUsersRequest,
  {
    principal = testPrincipal(),
    time = '2026-06-15T12:00:00.000Z',
    handling = 'strict',
    recordAddress = (email) => email,
    changes = {},
  }: {
    readonly principal?: Principal;
    readonly time?: string;
    readonly handling?: Handling;
    readonly recordAddress?: RecordAddress;
    readonly changes?: Partial<RequestRecord>;
  } = {},
): string {
  const policy = policyFrom(EXAMPLE_POLICY);
  const decision = decide(policy, principal, request, Date.parse(time), handling);
  const base = recordBase({
    requestId: '019c0000-0000-7000-8000-000000000001',
    principal,
    source: { address: null },
    service: { name: 'x', version: '0', runtime: 'test', instance: 'test' },
    asked: request,
    decision,
    policy,
    idempotencyKey: null,
    requestSha256: null,
    emailsInRecord: emailsInRecord(request.emails, recordAddress),
  });
  const kind = decision.verdict === 'allow' ? 'intent' : 'denial';
  const outcome = { result: 'admitted' };
  return JSON.stringify({ ...base, kind, outcome, seq: 1, id: 'x', time, prev: '', hash: '', ...changes });
}

const unused = () => Promise.reject(new Error('not to be called'));

/** A ledger of a running service that holds these records, with the seqs 1, 2, … */
function withTrail(...lines: readonly string[]): { readonly deps: Pick<CliDeps, 'openReader'> } {
  const reader: LedgerReader = {
    inUse: true,
    async records(after, limit) {
      return lines.map((line, index) => ({ seq: index + 1, line })).slice(after, after + limit);
    },
    ...{
      chain: unused,
      checkpoints: unused,
      search: unused,
      list: unused,
      policies: { digests: unused, text: unused },
      clockSteps: unused,
      lastWrittenMs: unused,
      tables: {
        requests: { row: unused, count: unused, listsFurther: unused, strayKeys: unused },
        cursors: unused,
        isClockStep: unused,
        misplacedCheckpoints: unused,
        lastChanges: unused,
        areIndexesSound: unused,
      },
      inSnapshot: unused,
    },
    close: () => undefined,
  };
  return { deps: { openReader: async () => reader } };
}

const ADMIN = testPrincipal({ clientId: 'desk', groups: ['it-admins'] });

describe('policy diff on recorded requests', () => {
  it('decides each again, at its own time and for its own caller', async () => {
    const { code, stdout } = await diff(
      'policy.yaml raised.yaml --ledger x.db',
      withTrail(
        recordOf(testRequest('kim@acme.com', { role: 'admin' })),
        recordOf(testRequest('kim@acme.com', { role: 'manager' })),
        recordOf(testRequest('kim@acme.com', { role: 'admin' }), { principal: testPrincipal({ clientId: 'other' }) }),
      ),
    );
    expect(code).toBe(1);
    expect(stdout).toContain('Recorded requests 3 requests, 1 decided otherwise');
    expect(stdout).toContain('2026-06-15T12:00:00.000Z 019c0000-0000-7000-8000-000000000001 from hr-portal (corp)');
    expect(stdout).not.toContain('kim@');
  });

  it('exits 0 when all of them are decided alike', async () => {
    const trail = withTrail(recordOf(testRequest('kim@acme.com')));
    const { code, stdout } = await diff('policy.yaml renamed.yaml --ledger sqlite:x.db', trail);
    expect(code).toBe(0);
    expect(stdout).toContain('1 request, none decided otherwise');
  });

  it('takes the time of the request for the end of a rule', async () => {
    const files = { ...EDITS, 'longer.yaml': EXAMPLE_POLICY.replace('until: 2027-01-01', 'until: 2028-01-01') };
    const at = (time: string) => recordOf(testRequest('pat@partner.io'), { principal: ADMIN, time });
    const before = withTrail(at('2026-12-31T23:59:59.999Z'));
    const after = withTrail(at('2027-01-01T00:00:00.000Z'));
    expect((await diff('policy.yaml longer.yaml --ledger x', { files, ...before })).stdout).toContain('none decided');
    // Recorded as no-rule: the caller was one of the file, so it had the right group.
    expect((await diff('policy.yaml longer.yaml --ledger x', { files, ...after })).stdout).toContain(
      '1 request, 1 decided otherwise',
    );
  });

  it('counts each request once, by the record of its decision', async () => {
    const intent = recordOf(testRequest('kim@acme.com'));
    const outcome = recordOf(testRequest('kim@acme.com'), { changes: { kind: 'outcome' } });
    const replay = recordOf(testRequest('kim@acme.com'), { changes: { kind: 'replay' } });
    const { stdout } = await diff('policy.yaml lowered.yaml --ledger x', withTrail(intent, outcome, replay));
    expect(stdout).toContain('Recorded requests 1 request, none decided otherwise');
    expect(stdout).toContain('Perhaps 1 more');
  });

  it('finds the caller’s groups out where the recorded decision gives them away', async () => {
    const admitted = recordOf(testRequest('pat@partner.io'), { principal: ADMIN });
    const { stdout } = await diff('policy.yaml no-partner.yaml --ledger x', withTrail(admitted));
    expect(stdout).toContain('1 request, 1 decided otherwise');
    expect(stdout).toContain('denied where it was allowed: 1 address, by no rule: no-rule (was it-partners)');
  });

  it('says which may be decided otherwise, where it depends on groups that records do not hold', async () => {
    const files = {
      ...EDITS,
      'wider.yaml': EXAMPLE_POLICY.replace(
        '  - { id: it-partners,',
        '  - { id: late, allow: [it-admins], domains: [late.io], roles: any, auth_methods: any }\n  - { id: it-partners,',
      ),
    };
    const denied = recordOf(testRequest('kim@late.io'));
    const { code, stdout } = await diff('policy.yaml wider.yaml --ledger x', { files, ...withTrail(denied) });
    expect(code).toBe(1);
    expect(stdout).toContain('1 request, none decided otherwise');
    expect(stdout).toContain('Perhaps 1 more: it depends on groups of the caller, which records do not hold');
    expect(stdout).toContain('allowed where it was denied: 1 address, by late (was no rule: no-rule)');
  });

  it('says how many hold no addresses', async () => {
    const bare = JSON.parse(recordOf(testRequest('kim@acme.com'))) as RequestRecord;
    const without = JSON.stringify({ ...bare, request: { ...bare.request, emails: undefined } });
    const { stdout } = await diff('policy.yaml lowered.yaml --ledger x', withTrail(without));
    expect(stdout).toContain('1 not asked: the record holds no addresses');
  });

  it('does not judge addresses that are on record as HMACs, and says how many requests those are', async () => {
    const recordAddress = createRecordAddress({ kind: 'hmac', key: new Uint8Array(32).fill(7) });
    const hmac = recordOf(testRequest(['kim@acme.com', 'eve@rival.io']), { recordAddress, handling: 'lenient' });
    const trail = withTrail(hmac, hmac, recordOf(testRequest('kim@acme.com', { role: 'admin' })));
    const { code, stdout } = await diff('policy.yaml raised.yaml --ledger x --json', trail);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      requests: { asked: 3, otherwise: [{ certain: true }], not_known: { addresses_as_hmac: 2 } },
    });
    expect((await diff('policy.yaml raised.yaml --ledger x', trail)).stdout).toContain(
      '2 not asked: the record holds its addresses as HMACs only (AUDIT_EMAILS=hmac)',
    );
  });

  it('handles a request leniently that was', async () => {
    const asked = testRequest(['kim@acme.com', 'pat@partner.io']);
    const trail = withTrail(recordOf(asked, { handling: 'lenient' }));
    const { stdout } = await diff('policy.yaml no-force.yaml --ledger x --show-addresses', trail);
    expect(stdout).toContain('1 request, 1 decided otherwise');
    expect(stdout).toContain('sent with another send_email: 1 address');
    expect(stdout).toMatch(/^ {4}kim@acme\.com$/m);
  });

  it('compares limits on one request', async () => {
    const trail = withTrail(recordOf(testRequest(['a@acme.com', 'b@acme.com'])));
    const { stdout } = await diff('policy.yaml fewer.yaml --ledger x', trail);
    expect(stdout).toContain('denied where it was allowed: 2 addresses, by batch: emails');
  });

  it('is one document with --json', async () => {
    const trail = withTrail(recordOf(testRequest('kim@acme.com')));
    const { stdout } = await diff('policy.yaml lowered.yaml --ledger x --json --show-addresses', trail);
    expect(JSON.parse(stdout)).toMatchObject({
      old: { file: 'policy.yaml', digest: policyFrom(EXAMPLE_POLICY).digest },
      tests_asked: 3,
      tests: [{ file: 'policy.yaml', line: 23, as: 'hr-portal', changes: [{ kind: 'would_deny' }] }],
      requests: {
        asked: 1,
        otherwise: [
          {
            ...{ issuer: 'corp', client_id: 'hr-portal', certain: false, emails: ['kim@acme.com'] },
            changes: [
              { kind: 'would_deny', old_rule: 'hr-staff', new_rule: 'hr-staff', because: ['roles'], addresses: 1 },
            ],
          },
        ],
        not_known: {},
      },
    });
  });

  it('says why a ledger cannot be read, and exits 2', async () => {
    for (const deps of [
      { openReader: (ledger: ChosenLedger) => Promise.reject(new LedgerFileError('damaged', ledgerName(ledger))) },
      { inspectLedger: async () => ({ kind: 'unusable', reason: 'damaged' }) as const },
    ]) {
      const { code, stderr } = await diff('policy.yaml policy.yaml --ledger x.db', { deps });
      expect([code, stderr]).toEqual([2, 'the ledger x.db is damaged\n']);
    }
  });

  it('says which record cannot be read, and exits 2', async () => {
    const good = recordOf(testRequest('kim@acme.com'));
    const { code, stdout, stderr } = await diff('policy.yaml policy.yaml --ledger x.db', withTrail(good, 'x'));
    expect([code, stdout, stderr]).toEqual([2, '', 'record 2 of the ledger cannot be read; audit verify says more\n']);
  });
});
