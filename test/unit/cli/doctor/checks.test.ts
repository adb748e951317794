/** The diagnosis of each check for each thing that may be wrong. */
import { describe, expect, it } from 'vitest';
import { clockFinding } from '../../../../src/cli/doctor/checks/check-clock.ts';
import { diskFinding, ledgerFinding } from '../../../../src/cli/doctor/checks/check-ledger.ts';
import { policyFinding } from '../../../../src/cli/doctor/checks/check-policy.ts';
import { suspectAddress } from '../../../../src/cli/doctor/advice/api-address.ts';
import { keyFinding, leadsElsewhere, upstreamFinding } from '../../../../src/cli/doctor/checks/check-upstream.ts';
import { clockAhead, UNANSWERED } from '../../../../src/cli/doctor/probe.ts';
import type { Probe } from '../../../../src/cli/doctor/probe.ts';
import { SCHEMA_VERSION } from '../../../../src/ledger/sqlite/schema.ts';
import type { HttpResult } from '../../../../src/ports/http.ts';
import type { CurrentUser } from '../../../../src/upstream/current-user.ts';
import { TEST_TIME_MS } from '../../../support/clock.ts';
import { policyFrom } from '../../../support/policy.ts';
import { answer, LEDGER } from '../cli-harness.ts';

const DATE = new Date(TEST_TIME_MS).toUTCString();
const at = (offsetMs: number): number => TEST_TIME_MS + offsetMs;

describe('the clock of an answer', () => {
  it.each([
    ['equal', { date: DATE }, [0, 0], 0],
    ['anywhere in the second that Date names', { date: DATE }, [999, 999], 0],
    ['between question and answer', { date: DATE }, [-4000, 4000], 0],
    ['ahead', { date: DATE }, [60_999, 61_100], 60_000],
    ['behind', { date: DATE }, [-60_500, -60_000], -60_000],
    ['kept by a cache for as long as Age says', { date: DATE, age: '600' }, [600_000, 600_100], 0],
    ['kept by a cache, and still ahead', { date: DATE, age: '600' }, [700_000, 700_000], 98_001],
    ['with an Age that is no number', { date: DATE, age: 'old' }, [0, 0], 0],
  ] as const)('that is %s', (_, headers, [started, ended], aheadMs) => {
    expect(clockAhead(headers, at(started), at(ended))).toBe(aheadMs);
  });

  it.each(['', 'yesterday', '2026-03-02T10:00:00Z', 'Mon, 99 Mar 2026 10:00:00 GMT'])(
    'is not guessed from "%s"',
    (date) => {
      expect(clockAhead({ date }, at(0), at(0))).toBeNull();
    },
  );
});

describe('the clock', () => {
  it.each([
    [0, 'ok'],
    [5000, 'ok'],
    [-5000, 'ok'],
    [5001, 'warning'],
    [-30_000, 'warning'],
    [30_001, 'failed'],
    [-30_001, 'failed'],
  ])('%s ms off is %s', (aheadMs, status) => {
    expect(clockFinding([{ name: 'issuer corp', aheadMs }]).status).toBe(status);
  });

  it('says which way it is off, and that it is this machine’s when nobody agrees', () => {
    const off = clockFinding([
      { name: 'issuer corp', aheadMs: 42_000 },
      { name: 'Galileo', aheadMs: 41_000 },
    ]);
    expect(off.message).toContain('is 42 s ahead of issuer corp');
    expect(off.remedy).toContain('Synchronise this machine');
    expect(clockFinding([{ name: 'Galileo', aheadMs: -42_000 }]).message).toContain('42 s behind Galileo');
  });

  it('suspects the other clock where somebody else agrees with this one', () => {
    const off = clockFinding([
      { name: 'issuer corp', aheadMs: 42_000 },
      { name: 'Galileo', aheadMs: 0 },
    ]);
    expect(off.remedy).toContain('agrees with Galileo');
  });

  it('is skipped when nobody told the time', () => {
    expect(clockFinding([{ name: 'Galileo', aheadMs: null }]).status).toBe('skipped');
    expect(clockFinding([]).status).toBe('skipped');
  });
});

describe('the policy', () => {
  const text = (until: string): string => `version: 1
callers: { a: { issuer: corp, client_id: [x] } }
rules:
  - { id: open, allow: [a], domains: [acme.com], roles: any, auth_methods: any }
  - { id: ending, deny: any, domains: [rival.io], until: ${until} }
`;
  const finding = (until: string) =>
    policyFinding(
      {
        setting: 'POLICY_FILE',
        file: 'p.yaml',
        opened: { kind: 'opened', policy: { current: () => policyFrom(text(until)) } },
      },
      Date.UTC(2026, 2, 2, 10),
    );

  it.each([
    ['2026-03-17', 'ok', null],
    ['2026-03-16', 'warning', 'ending ends on 2026-03-16'],
    ['2026-03-03', 'warning', 'ending ends on 2026-03-03'],
    ['2026-03-02', 'warning', 'ending ended on 2026-03-02'],
  ])('with a rule until %s is %s', (until, status, line) => {
    expect(finding(until).status).toBe(status);
    expect(finding(until).lines?.[1] ?? null).toBe(line);
  });

  it('is told by its digest', () => {
    expect(finding('2027-01-01').lines).toEqual([`Policy-Digest: sha256:${policyFrom(text('2027-01-01')).digest}`]);
  });

  it('shows the first problems of very many', () => {
    const problems = Array.from({ length: 30 }, (_, n) => ({ line: n + 1, column: 1, message: 'no' }));
    const { lines, details } = policyFinding(
      { setting: 'POLICY_FILE', file: 'p.yaml', opened: { kind: 'refused', problems } },
      0,
    );
    expect([lines?.length, lines?.at(-1)]).toEqual([21, 'and 10 more']);
    expect(details?.['problems']).toHaveLength(30);
  });
});

describe('the ledger', () => {
  const seen = (changes: object) => ledgerFinding({ ...LEDGER, ...changes }, TEST_TIME_MS);

  it('in use by a running service is well, and says so', () => {
    expect(seen({})).toMatchObject({
      status: 'ok',
      message: expect.stringMatching(/^is in use by a running service.*42 records/),
    });
    expect(seen({ inUse: false }).message).toBe(
      '42 records, the end of the trail verifies; the tables agree with it (compared: the last 42 records)',
    );
  });

  it('whose tables say something else than its records has failed, and says what was compared', () => {
    const faults = Array.from({ length: 13 }, (_, n) => `Row ${n} was changed.`);
    const { status, message, remedy, lines, details } = seen({ tables: { records: 500, unsettled: 2, faults } });
    expect([status, message]).toEqual([
      'failed',
      'has tables that say something else than its records (compared: the last 500 records, and 2 earlier requests without an outcome). Row 0 was changed.',
    ]);
    expect(remedy).toContain('run `audit verify`');
    expect([lines?.length, details?.['table_faults']]).toEqual([10, 13]);
  });

  it.each([
    [
      'a broken trail',
      { tail: { kind: 'broken', index: 1, seq: 9, reason: 'edited' } },
      'failed',
      'broken at seq 9 (edited)',
    ],
    ['a newer schema', { schemaVersion: SCHEMA_VERSION + 1 }, 'failed', 'newer version'],
    ['an older schema', { schemaVersion: SCHEMA_VERSION - 1 }, 'ok', 'the next start brings schema'],
    ['a file this user may not write', { writable: false }, 'failed', 'not writable'],
    ['a clock that was set back', { clockMs: TEST_TIME_MS + 60_000 }, 'warning', '60 s ahead'],
    ['a clock corrected a little', { clockMs: TEST_TIME_MS + 5000 }, 'ok', ''],
    ['no record yet', { records: 0 }, 'ok', 'no record yet'],
  ])('with %s', (_, changes, status, words) => {
    expect(seen(changes)).toMatchObject({ status, message: expect.stringContaining(words) });
  });

  it.each([
    ['dangling_link', 'symbolic link'],
    ['not_a_file', 'no regular file'],
    ['several_names', 'hard links'],
    ['not_readable', 'cannot be read'],
    ['log_not_readable', 'write-ahead log'],
    ['log_missing', 'without its write-ahead log'],
    ['not_a_database', 'something else than a database'],
    ['moved_away', 'was moved to PostgreSQL'],
    ['not_a_ledger', 'a database of something else'],
    ['foreign_schema', 'a trigger, a view or a table'],
    ['ahead_of_trail', 'ahead of the end'],
    ['damaged', 'damaged'],
    ['busy', 'locked'],
  ] as const)('that is %s fails in plain words', (reason, words) => {
    const finding = ledgerFinding({ kind: 'unusable', reason }, 0);
    expect(finding).toMatchObject({ status: 'failed', message: expect.stringContaining(words) });
    expect(finding.remedy).toMatch(/\w/);
  });

  it('with the tables of Litestream names it, and what to use instead', () => {
    const foreign = ['table _litestream_lock', 'table _litestream_seq'];
    const { status, message, remedy } = ledgerFinding({ kind: 'unusable', reason: 'foreign_schema', foreign }, 0);
    expect(status).toBe('failed');
    expect(message).toBe('holds what is not of this program: table _litestream_lock, table _litestream_seq');
    expect(remedy).toMatch(/Litestream.*503.*ledger backup on a timer.*loses/);
  });

  it('with other foreign objects names some of them, without what a terminal would act on', () => {
    const foreign = ['table _litestream_seq', 'trigger \u001b[2Jx', 'a', 'b', 'c', 'd', 'e', 'f'];
    const { message, remedy } = ledgerFinding({ kind: 'unusable', reason: 'foreign_schema', foreign }, 0);
    expect(message).toBe(
      'holds what is not of this program: table _litestream_seq, trigger \ufffd[2Jx, a, b, c and 3 more',
    );
    expect(remedy).toContain('tell your audit team');
  });

  it('that others may read is a warning with the files', () => {
    expect(seen({ exposed: ['/data/ledger.db', '/data/ledger.db-wal'] })).toMatchObject({
      status: 'warning',
      message: 'can be read by other users of this machine',
      lines: ['/data/ledger.db', '/data/ledger.db-wal'],
    });
  });

  it('that is not there yet is well if it can be made', () => {
    expect(ledgerFinding({ kind: 'absent', creatable: true }, 0).status).toBe('ok');
    expect(ledgerFinding({ kind: 'absent', creatable: false }, 0).status).toBe('failed');
  });
});

describe('the disk', () => {
  it.each([
    [1024 ** 3, 'ok', '1.0 GiB'],
    [1024 ** 3 - 1, 'warning', '1023 MiB'],
    [64 * 1024 ** 2 - 1, 'failed', '63 MiB'],
    [0, 'failed', '0 MiB'],
    [null, 'warning', 'does not tell'],
  ])('with %s bytes free is %s', (bytes, status, words) => {
    expect(diskFinding(bytes)).toMatchObject({ status, message: expect.stringContaining(words) });
  });
});

describe('Galileo, asked by nobody', () => {
  it.each([
    [401, 'ok'],
    [403, 'ok'],
    [200, 'ok'],
    [307, 'failed'],
    [404, 'warning'],
    [405, 'warning'],
    [500, 'failed'],
    [503, 'failed'],
  ])('answering %s is %s', (status, expected) => {
    expect(upstreamFinding({ result: answer(status, {}), aheadMs: 0 }, { isTls: true }).status).toBe(expected);
  });

  it.each(Object.keys(UNANSWERED) as (keyof typeof UNANSWERED)[])(
    'that gives no answer (%s) fails with words and a remedy',
    (reason) => {
      const result = { kind: 'not_sent', reason } as Probe['result'];
      expect(upstreamFinding({ result, aheadMs: null }, { isTls: true })).toMatchObject({
        status: 'failed',
        ...UNANSWERED[reason],
      });
    },
  );
});

const HTML = { 'content-type': 'text/html; charset=utf-8' };

describe('a GALILEO_API_URL that leads elsewhere', () => {
  const finding = (result: HttpResult, baseUrl = 'https://galileo.acme.com') =>
    upstreamFinding({ result, aheadMs: 0 }, { isTls: true, suspect: suspectAddress(baseUrl) });

  it.each([
    ['a sign-in page', answer(200, '<!doctype html><title>Sign in</title>', HTML), 'web page (status 200)'],
    ['a page that says it is JSON', answer(200, '<html></html>'), 'web page (status 200)'],
    ['a page of a filter in between', answer(403, '<h1>Blocked</h1>', HTML), 'web page (status 403)'],
    ['a gateway’s 404 page', answer(404, '<h1>404</h1>', HTML), 'no /v2/current_user at this address (status 404)'],
    ['the router of an API', answer(404, { detail: 'Not Found' }), 'no /v2/current_user at this address'],
    [
      'a gateway without this route',
      answer(404, { message: 'no Route matched with those values' }),
      'not Galileo’s API',
    ],
    ['a server of another host', answer(421, ''), 'not Galileo’s API'],
    [
      'a redirect',
      answer(302, '', { location: 'https://sso.acme.com/login?state=s' }),
      'redirects to https://sso.acme.com (status 302)',
    ],
    ['a redirect without a place', answer(308, ''), 'redirects (status 308)'],
    ['a proxy that asks for credentials', answer(407, ''), 'a proxy in between asks for credentials'],
    ['a captive portal', answer(511, '<h1>Welcome</h1>', HTML), 'asks for a sign-in first'],
  ])('fails as that: %s', (_name, result, words) => {
    expect(finding(result)).toMatchObject({
      status: 'failed',
      message: expect.stringContaining(words),
      remedy: expect.stringMatching(/\w{3}/),
    });
    expect(JSON.stringify(finding(result))).not.toContain('state=');
    expect(leadsElsewhere({ result, aheadMs: 0 })).toBe(true);
  });

  it.each([
    ['https://app.galileo.ai', 'https://api.galileo.ai'],
    ['https://console.acme.galileo.ai', 'https://api.acme.galileo.ai'],
    ['https://console-demo.galileocloud.io:8443', 'https://api-demo.galileocloud.io:8443'],
    ['https://console.acme.com/v2', 'https://api.acme.com'],
    ['https://api.galileo.ai/v2', 'https://api.galileo.ai'],
    ['https://api.galileo.ai/v2/invite_users', 'https://api.galileo.ai'],
    ['https://gateway.acme.com/galileo/v2', 'https://gateway.acme.com/galileo'],
  ])('%s is answered with what to write: %s', (baseUrl, wanted) => {
    const write = `Write GALILEO_API_URL=${wanted}.`;
    expect(finding(answer(404, { detail: 'Not Found' }), baseUrl).remedy).toContain(write);
    expect(finding({ kind: 'not_sent', reason: 'name_not_resolved' }, baseUrl).remedy).toContain(write);
    // Nothing is proven by the looks of an address.
    expect(finding(answer(401, {}), baseUrl)).toMatchObject({
      status: 'warning',
      remedy: expect.stringContaining(write),
    });
  });

  it.each(['https://api.galileo.ai', 'https://cluster.acme.com/api/galileo', 'https://api.acme.com/v2x', 'nonsense'])(
    '%s does not look like that',
    (baseUrl) => {
      expect(suspectAddress(baseUrl)).toBeNull();
      expect(finding(answer(401, {}), baseUrl).status).toBe('ok');
    },
  );

  it('is not suspected of an API’s own refusals', () => {
    for (const status of [200, 401, 403, 429]) {
      expect(leadsElsewhere({ result: answer(status, { detail: 'x' }), aheadMs: 0 })).toBe(false);
    }
  });
});

describe('the Galileo key', () => {
  const FINGERPRINT = '0123456789ab';
  const finding = (seen: CurrentUser, slot: 'current' | 'next' = 'current') =>
    keyFinding(seen, { slot, fingerprint: FINGERPRINT });
  const accepted = (role: string | null): CurrentUser => ({ kind: 'accepted', role, permissions: [] });

  it.each([
    ['admin', 'ok', 'the role admin'],
    ['manager', 'ok', 'managers add no admins'],
    ['user', 'warning', 'may not invite'],
    ['read_only', 'warning', 'may not invite'],
    ['overlord', 'warning', 'the role overlord'],
    [null, 'warning', 'names no role'],
  ])('of a %s is %s', (role, status, words) => {
    expect(finding(accepted(role))).toMatchObject({ status, message: expect.stringContaining(words) });
  });

  it.each([
    [{ kind: 'rejected', status: 401 }, 'failed', 'refused by Galileo (status 401)'],
    [{ kind: 'rejected', status: 403 }, 'failed', 'refused by Galileo (status 403)'],
    [{ kind: 'unanswered', reason: 'timeout' }, 'failed', 'could not be tried'],
    [{ kind: 'other_status', status: 307 }, 'failed', 'redirects'],
    [{ kind: 'other_status', status: 404 }, 'warning', 'no /v2/current_user'],
    [{ kind: 'wrong_address', status: 404 }, 'failed', 'not Galileo’s API'],
    [{ kind: 'other_status', status: 429 }, 'warning', 'limits its rate'],
    [{ kind: 'other_status', status: 500 }, 'failed', 'status 500'],
    [{ kind: 'unreadable', status: 200, reason: 'not_json' }, 'warning', 'no JSON'],
    [{ kind: 'unreadable', status: 200, reason: 'other_shape' }, 'warning', 'another shape'],
    [{ kind: 'unreadable', status: 200, reason: 'holds_key' }, 'warning', 'came back in the answer'],
  ] as readonly (readonly [CurrentUser, string, string])[])('answered with %j is %s: %s', (seen, status, words) => {
    expect(finding(seen)).toMatchObject({
      status,
      message: expect.stringContaining(words),
      remedy: expect.stringMatching(/\w/),
      details: { key_fingerprint: FINGERPRINT },
    });
    // A failure of the next key is only a warning.
    expect(finding(seen, 'next').status).toBe('warning');
  });
});
