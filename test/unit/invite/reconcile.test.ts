import { describe, expect, it } from 'vitest';
import { createRecordAddress } from '../../../src/audit/record-address.ts';
import { reconcile } from '../../../src/invite/settle/reconcile.ts';
import type { ReconcileAttempt, UnsettledRequest } from '../../../src/ledger/background-steps.ts';
import type { Settled, Settlement } from '../../../src/ledger/port.ts';
import type { UsersAnswer } from '../../../src/upstream/users.ts';
import { createFakeClock, TEST_TIME_MS, testUuid7 } from '../../support/clock.ts';
import { HOUR_MS, MINUTE_MS, recordDraft } from '../../support/ledger/ledger.ts';
import { recordLogs, recordMetrics } from '../../support/upstream.ts';

const after = (ms: number): string => new Date(TEST_TIME_MS + ms).toISOString();

/** A ledger double: returns these requests and keeps every call. */
function harness(
  requests: readonly UnsettledRequest[],
  answer: (emails: readonly string[]) => UsersAnswer,
  {
    settles = { kind: 'settled' },
    drainAfter = Infinity,
    hmac = false,
  }: { readonly settles?: Settled; readonly drainAfter?: number; readonly hmac?: boolean } = {},
) {
  const asked: (readonly string[])[] = [];
  const attempts: ReconcileAttempt[] = [];
  const settlements: Settlement[] = [];
  const limits: number[] = [];
  const clock = createFakeClock();
  const logger = recordLogs();
  const metrics = recordMetrics();
  let woken = 0;
  let running = 0;
  const deps = {
    ledger: {
      async unsettled(limit: number) {
        limits.push(limit);
        return requests;
      },
      recordAttempt: async (recordAttempt: ReconcileAttempt) => void attempts.push(recordAttempt),
      async settle(settlement: Settlement) {
        settlements.push(settlement);
        return settles;
      },
    },
    async askUsers(emails: readonly string[]) {
      running += 1;
      if (running > 1) throw new Error('two questions at once');
      asked.push(emails);
      await Promise.resolve();
      running -= 1;
      return answer(emails);
    },
    recordAddress: createRecordAddress(hmac ? { kind: 'hmac', key: new Uint8Array(32) } : { kind: 'plain' }),
    delivery: { wake: () => void (woken += 1) },
    ...{ trustedClock: clock, logger, metrics },
    draining: () => asked.length >= drainAfter,
  };
  return { ...{ deps, asked, attempts, settlements, limits, clock, logger, metrics }, woken: () => woken };
}

function unsettled(n: number, changes: Partial<UnsettledRequest> = {}): UnsettledRequest {
  const requestId = testUuid7(n);
  const intent = recordDraft('intent', requestId);
  const body = JSON.stringify({ auth_method: 'okta', emails: ['new.colleague@acme.com'] });
  return { requestId, admittedAt: TEST_TIME_MS, intent, body, attempts: 0, ...changes };
}

const everybody =
  (createdAt: string | null) =>
  (emails: readonly string[]): UsersAnswer => ({
    kind: 'answered',
    users: emails.map((email) => ({ email, createdAt })),
  });
const nobodyAnswers = (): UsersAnswer => ({ kind: 'unanswered', reason: 'connect_failed', status: null });

describe('reconciling unknown requests', () => {
  it('settles one whose people were created after its intent', async () => {
    const one = harness([unsettled(1)], everybody(after(1)));
    expect(await reconcile(one.deps)).toBe(1);
    expect(one.settlements).toMatchObject([
      {
        requestId: testUuid7(1),
        by: 'reconciliation',
        ending: 'accepted',
        reply: { status: 200, contentType: 'application/json', body: 'null' },
        record: {
          kind: 'reconciliation',
          outcome: {
            result: 'accepted',
            status: 200,
            settled_by: 'reconciliation',
            evidence: { created_after: 1, users: [{ email: 'new.colleague@acme.com', created_at: after(1) }] },
          },
        },
      },
    ]);
    expect(one.attempts).toEqual([]);
    expect(one.woken()).toBe(1);
  });

  it.each([
    ['a moment before', after(-1)],
    ['at the very moment', after(0)],
    ['nobody knows when', null],
    ['at a time that has not come', '9999-12-31T23:59:59Z'],
  ])('proves nothing by a user created %s', async (_, createdAt) => {
    const one = harness([unsettled(1)], everybody(createdAt));
    expect(await reconcile(one.deps)).toBe(0);
    expect(one.settlements).toEqual([]);
    expect(one.attempts).toMatchObject([
      {
        requestId: testUuid7(1),
        nextInMs: 5 * MINUTE_MS,
        record: {
          kind: 'reconciliation',
          outcome: {
            result: 'unknown',
            evidence: { created_after: 0, users: [{ email: 'new.colleague@acme.com', created_at: createdAt }] },
          },
        },
      },
    ]);
    expect(one.attempts[0]?.record?.outcome).not.toHaveProperty('settled_by');
    expect(one.attempts[0]?.record?.outcome).not.toHaveProperty('expires_at');
  });

  it('looks five times, further and further apart, and then no more', async () => {
    const waits = [];
    for (let attempts = 0; attempts < 6; attempts += 1) {
      const one = harness([unsettled(1, { attempts })], everybody(null));
      await reconcile(one.deps);
      waits.push(one.attempts[0]?.nextInMs);
    }
    expect(waits).toEqual([5 * MINUTE_MS, 30 * MINUTE_MS, 6 * HOUR_MS, 24 * HOUR_MS, null, null]);
  });

  it('asks about one at a time, of a bounded number', async () => {
    const one = harness([unsettled(1), unsettled(2), unsettled(3)], everybody(after(1)));
    expect(await reconcile(one.deps)).toBe(3);
    expect(one.limits).toEqual([25]);
  });

  it('stops between two when the process shuts down', async () => {
    const one = harness([unsettled(1), unsettled(2), unsettled(3)], everybody(after(1)), { drainAfter: 2 });
    expect(await reconcile(one.deps)).toBe(2);
    expect(one.asked).toHaveLength(2);
  });

  it('puts one off without a word in the trail when Galileo cannot be asked, and asks about no other', async () => {
    const one = harness([unsettled(1), unsettled(2)], nobodyAnswers);
    expect(await reconcile(one.deps)).toBe(0);
    expect(one.attempts).toEqual([{ requestId: testUuid7(1), record: null, nextInMs: MINUTE_MS }]);
    expect(one.asked).toHaveLength(1);
    expect(one.woken()).toBe(0);
    expect(one.logger.lines).toEqual([
      {
        level: 'warn',
        event: 'reconciliation_unanswered',
        fields: { request_id: testUuid7(1), reason: 'connect_failed', status: null, retry_in_ms: MINUTE_MS },
      },
    ]);
  });

  it.each([
    [0, MINUTE_MS],
    [-HOUR_MS, MINUTE_MS],
    [10 * MINUTE_MS, 10 * MINUTE_MS],
    [HOUR_MS, HOUR_MS],
    [100 * HOUR_MS, HOUR_MS],
  ])('waits longer the longer it has been unknown: after %i ms, %i ms', async (ageMs, nextInMs) => {
    const one = harness([unsettled(1)], nobodyAnswers);
    one.clock.advance(ageMs);
    await reconcile(one.deps);
    expect(one.attempts).toMatchObject([{ nextInMs }]);
  });

  it.each([
    ['without the bytes that went', null],
    ['with bytes that are no JSON', '{"emails"'],
    ['with bytes that name nobody', '{"emails":[]}'],
  ])('leaves a request %s to people', async (_, body) => {
    const one = harness([unsettled(1, { body }), unsettled(2)], everybody(after(1)));
    expect(await reconcile(one.deps)).toBe(1);
    expect(one.attempts).toEqual([{ requestId: testUuid7(1), record: null, nextInMs: null }]);
    expect(one.asked).toHaveLength(1);
  });

  it('leaves a request whose intent is damaged to people', async () => {
    const one = harness([unsettled(1, { intent: null }), unsettled(2)], everybody(after(1)));
    expect(await reconcile(one.deps)).toBe(1);
    expect(one.attempts).toEqual([{ requestId: testUuid7(1), record: null, nextInMs: null }]);
    expect(one.logger.lines[0]).toMatchObject({ event: 'reconciliation_impossible' });
  });

  it('does not count one that was settled in the meantime', async () => {
    const one = harness([unsettled(1)], everybody(after(1)), { settles: { kind: 'unchanged', state: 'accepted' } });
    expect(await reconcile(one.deps)).toBe(0);
    expect(one.woken()).toBe(0);
  });

  it('rejects when the ledger fails, so that its caller can report it', async () => {
    const one = harness([unsettled(1)], everybody(after(1)));
    const failing = { ...one.deps.ledger, settle: () => Promise.reject(new Error('disk full')) };
    await expect(reconcile({ ...one.deps, ledger: failing })).rejects.toThrow('disk full');
  });

  it('gives the caller addresses as they were, and the trail its own form of them', async () => {
    const lenient = recordDraft('intent', testUuid7(1));
    const hmac = createRecordAddress({ kind: 'hmac', key: new Uint8Array(32) });
    const decided = (email: string, decision: 'allow' | 'deny', rule: string | null, because: readonly string[]) => ({
      ...{ decision, rule, because, email_count: 1 },
      emails: [hmac(email)],
    });
    const intent = {
      ...lenient,
      request: { ...lenient.request, emails: [hmac('eve@rival.io'), hmac('new.colleague@acme.com')], email_count: 2 },
      policy: {
        ...lenient.policy,
        decisions: [
          decided('new.colleague@acme.com', 'allow', 'hr-staff', []),
          decided('eve@rival.io', 'deny', 'never-invite', ['domains']),
        ],
      },
    };
    const one = harness([unsettled(1, { intent })], everybody(after(1)), { hmac: true });
    expect(await reconcile(one.deps)).toBe(1);
    const [settlement] = one.settlements;
    expect(settlement?.reply).toMatchObject({ status: 207, headers: { 'Preference-Applied': 'handling=lenient' } });
    expect(JSON.parse(settlement?.reply.body ?? '')).toEqual({
      sent: ['new.colleague@acme.com'],
      // Of the refused addresses, only the recorded form is left.
      refused: [
        {
          email: hmac('eve@rival.io'),
          decision: 'deny',
          rule: 'never-invite',
          because: ['domains'],
          message: 'An address: left out by the policy (rule never-invite, domains).',
        },
      ],
      upstream: null,
    });
    expect(JSON.stringify(settlement?.record)).not.toContain('@');
  });

  it('never puts an address in a log line or a metric', async () => {
    for (const answer of [everybody(after(1)), everybody(null), nobodyAnswers]) {
      const one = harness([unsettled(1)], answer);
      await reconcile(one.deps);
      expect(JSON.stringify([one.logger.lines, one.metrics.samples])).not.toContain('@');
      expect(one.metrics.samples).toHaveLength(1);
    }
  });
});
