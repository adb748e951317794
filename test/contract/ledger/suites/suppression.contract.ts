import { describe, expect, it } from 'vitest';
import type { AuditRecord, SuppressedRecord } from '../../../../src/audit/record.ts';
import type { Admission } from '../../../../src/ledger/port.ts';
import { testUuid7 } from '../../../support/clock.ts';
import {
  admission,
  ANN,
  BOB,
  MINUTE_MS,
  quotaCharge,
  readTrail,
  recordDraft,
  settlement,
} from '../../../support/ledger/ledger.ts';
import { KEY, R1 } from '../ledger-harness.ts';
import type { LedgerHarness } from '../ledger-harness.ts';

const WHOLE = 20;

/** A token holder without rights adds a bounded number of bytes to the trail, and nothing is hidden by it. */
export function describeSuppression(harness: LedgerHarness): void {
  const kinds = async (): Promise<string[]> =>
    (await readTrail(harness.ledger)).map((line) => (JSON.parse(line) as AuditRecord).kind);

  async function suppressed(): Promise<readonly SuppressedRecord[]> {
    const records = (await readTrail(harness.ledger)).map((line) => JSON.parse(line) as AuditRecord);
    return records.filter((record) => record.kind === 'suppressed');
  }

  async function deny(count: number, changes: Parameters<typeof admission>[1] = {}, from = 100): Promise<void> {
    for (let n = 0; n < count; n += 1)
      await harness.ledger.admit(admission(testUuid7(from + n), { plan: 'deny', ...changes }));
  }

  /** A denial whose record has about this many bytes. */
  function large(requestId: string, bytes: number): Partial<Admission> {
    const { kind: _, outcome, ...base } = recordDraft('denial', requestId);
    const emails = Array.from({ length: bytes / 100 }, (_each, n) => `${String(n).padStart(88, 'x')}@acme.com`);
    return onlyRecordOf({ ...base, request: { ...base.request, emails } }, outcome);
  }

  const onlyRecordOf = (base: Admission['records']['base'], decided: Admission['records']['decided']) => ({
    records: { base, decided, exhausted: null, replay: null },
  });

  describe('suppression', () => {
    it('records the first refusals of a minute whole, and counts the others in one record', async () => {
      await deny(WHOLE + 5);
      expect(await kinds()).toEqual(Array.from({ length: WHOLE }, () => 'denial'));
      expect(await harness.ledger.recordSuppressed(10)).toEqual({ requests: 0, more: false });
      harness.clock.advance(MINUTE_MS);
      expect(await harness.ledger.recordSuppressed(10)).toEqual({ requests: 5, more: false });
      const [record, ...others] = await suppressed();
      expect(others).toEqual([]);
      expect(record).toMatchObject({
        seq: WHOLE + 1,
        kind: 'suppressed',
        actor: { issuer: 'corp', subject: 'ann', client_id: 'hr-portal' },
        request: { method: 'POST', path: '/v2/invite_users' },
        policy: { digest: 'ab'.repeat(32) },
        outcome: { result: 'suppressed' },
        suppressed: {
          count: 5,
          first_request_id: testUuid7(100 + WHOLE),
          last_request_id: testUuid7(100 + WHOLE + 4),
          uncounted: 0,
        },
      });
      expect(await harness.ledger.recordSuppressed(10)).toEqual({ requests: 0, more: false });
    });

    it('gives a suppressed request the answer that a recorded one gets', async () => {
      const charges = [quotaCharge({ limit: 0 })];
      await deny(WHOLE);
      expect(await harness.ledger.admit(admission(testUuid7(1), { plan: 'deny', charges }))).toMatchObject({
        kind: 'denied',
        quotas: [{ remaining: 0 }],
      });
      expect(await harness.ledger.admit(admission(testUuid7(2), { charges }))).toMatchObject({
        kind: 'exhausted',
        exhausted: { quota: 'app-day' },
      });
      expect(await kinds()).toHaveLength(WHOLE);
    });

    it('does not list or find a suppressed request', async () => {
      await deny(WHOLE + 1);
      const { entries } = await harness.ledger.list({ owner: ANN, before: null, limit: 100 });
      expect(entries).toHaveLength(WHOLE);
      expect(await harness.ledger.find(testUuid7(100 + WHOLE), null)).toBeNull();
    });

    it('records every admitted request and its outcome, however much was refused', async () => {
      await deny(WHOLE + 5);
      await harness.ledger.admit(admission(R1));
      await harness.ledger.settle(settlement(R1, 'accepted'));
      expect((await kinds()).slice(WHOLE)).toEqual(['intent', 'outcome']);
    });

    it('counts refusals by quota, replays and denials by rule each by themselves, in order of appearance', async () => {
      await harness.ledger.admit(admission(R1, { key: KEY }));
      await harness.ledger.settle(settlement(R1, 'accepted'));
      await deny(WHOLE);
      const { kind: _, outcome, ...base } = recordDraft('denial', R1, { code: 'policy_denied', status: 403 });
      const rule = (name: string | null) => ({ decision: 'deny' as const, rule: name, because: [], email_count: 1 });
      const policy = { ...base.policy, decisions: [rule('never'), rule(null), rule('never')] };
      await deny(2, onlyRecordOf({ ...base, policy }, outcome), 300);
      await deny(1, { plan: 'send', charges: [quotaCharge({ limit: 0 })] }, 400);
      await deny(3, { plan: 'send', key: KEY }, 500);
      harness.clock.advance(MINUTE_MS);
      await harness.ledger.recordSuppressed(10);
      expect((await suppressed()).map((record) => record.suppressed)).toMatchObject([
        {
          count: 6,
          counts: [
            { result: 'denied', code: 'policy_denied', rule: 'never', count: 2 },
            { result: 'denied', code: 'policy_denied', rule: null, count: 2 },
            { result: 'denied', code: 'quota_exhausted', quota: 'app-day', count: 1 },
            { result: 'replayed', count: 3 },
          ],
        },
      ]);
    });

    it('counts replays and refusals together', async () => {
      await harness.ledger.admit(admission(R1, { key: KEY }));
      await harness.ledger.settle(settlement(R1, 'accepted'));
      await deny(WHOLE / 2, { plan: 'send', key: KEY });
      await deny(WHOLE, {}, 300);
      const all = await kinds();
      expect(all.filter((kind) => kind === 'replay')).toHaveLength(WHOLE / 2);
      expect(all.filter((kind) => kind === 'denial')).toHaveLength(WHOLE / 2);
    });

    it('begins anew in the next minute, and gives each subject a limit of its own', async () => {
      await deny(WHOLE + 5);
      await deny(WHOLE, { owner: BOB }, 300);
      expect(await kinds()).toHaveLength(2 * WHOLE);
      harness.clock.advance(MINUTE_MS);
      await deny(WHOLE, {}, 500);
      expect(await kinds()).toHaveLength(3 * WHOLE);
    });

    it('suppresses what is beyond 256 KiB in a minute, and everything after it', async () => {
      for (let n = 0; n < 3; n += 1) {
        const id = testUuid7(100 + n);
        await harness.ledger.admit(admission(id, { plan: 'deny', ...large(id, 100_000) }));
      }
      await deny(1, {}, 200);
      expect(await kinds()).toHaveLength(2);
      harness.clock.advance(MINUTE_MS);
      expect(await harness.ledger.recordSuppressed(10)).toMatchObject({ requests: 2 });
    });

    it('counts the bytes of dry runs, but not their number', async () => {
      await deny(3 * WHOLE, { plan: 'dry_run' });
      await deny(WHOLE, {}, 300);
      expect(await kinds()).toHaveLength(4 * WHOLE);
      for (let n = 0; n < 3; n += 1) {
        const id = testUuid7(500 + n);
        await harness.ledger.admit(admission(id, { plan: 'dry_run', owner: BOB, ...large(id, 100_000) }));
      }
      harness.clock.advance(MINUTE_MS);
      await harness.ledger.recordSuppressed(10);
      expect((await suppressed()).map((record) => record.suppressed.counts)).toEqual([
        [{ result: 'previewed', count: 1 }],
      ]);
    });

    it('writes one record for each policy that was in force', async () => {
      await deny(WHOLE);
      for (const [n, digest] of ['aa', 'bb', 'aa'].entries()) {
        const id = testUuid7(300 + n);
        const { kind: _, outcome, ...base } = recordDraft('denial', id);
        const policy = { ...base.policy, digest: digest.repeat(32) };
        await harness.ledger.admit(admission(id, { plan: 'deny', ...onlyRecordOf({ ...base, policy }, outcome) }));
      }
      harness.clock.advance(MINUTE_MS);
      await harness.ledger.recordSuppressed(10);
      expect((await suppressed()).map((record) => [record.policy.digest, record.suppressed.count])).toEqual([
        ['aa'.repeat(32), 2],
        ['bb'.repeat(32), 1],
      ]);
    });

    it('bounds the record under a policy of many rules, and says how many requests it does not break down', async () => {
      await deny(WHOLE);
      const { kind: _, outcome, ...base } = recordDraft('denial', R1);
      const decisions = Array.from({ length: 60 }, (_each, n) => ({
        decision: 'deny' as const,
        rule: `rule-${n}`,
        because: [],
        email_count: 1,
      }));
      await deny(2, onlyRecordOf({ ...base, policy: { ...base.policy, decisions } }, outcome), 300);
      harness.clock.advance(MINUTE_MS);
      await harness.ledger.recordSuppressed(10);
      const [record] = await suppressed();
      expect(record?.suppressed.counts).toHaveLength(50);
      expect(record?.suppressed).toMatchObject({ count: 2, uncounted: 2 });
    });

    it('records the oldest minutes first, at most as many as it is asked for', async () => {
      await deny(WHOLE + 1);
      harness.clock.advance(MINUTE_MS);
      await deny(WHOLE + 2, {}, 300);
      harness.clock.advance(MINUTE_MS);
      expect(await harness.ledger.recordSuppressed(1)).toEqual({ requests: 1, more: true });
      expect(await harness.ledger.recordSuppressed(1)).toEqual({ requests: 2, more: false });
    });

    it('counts exactly under parallel refusals', async () => {
      await Promise.all(
        Array.from({ length: 60 }, (_, n) => harness.ledger.admit(admission(testUuid7(100 + n), { plan: 'deny' }))),
      );
      expect(await kinds()).toHaveLength(WHOLE);
      harness.clock.advance(MINUTE_MS);
      expect(await harness.ledger.recordSuppressed(10)).toEqual({ requests: 60 - WHOLE, more: false });
    });

    it('is found by subject, result and rule, but by no address and no request id', async () => {
      await deny(WHOLE);
      const { kind: _, outcome, ...base } = recordDraft('denial', R1);
      const decisions = [{ decision: 'deny' as const, rule: 'never', because: [], email_count: 1 }];
      await deny(1, onlyRecordOf({ ...base, policy: { ...base.policy, decisions } }, outcome), 300);
      harness.clock.advance(MINUTE_MS);
      await harness.ledger.recordSuppressed(10);
      const found = async (filter: object): Promise<readonly number[]> =>
        (await harness.ledger.search({ filter, after: 0, limit: 100 })).records.map(({ seq }) => seq);
      expect(await found({ rule: 'never' })).toEqual([WHOLE + 1]);
      expect(await found({ outcome: 'suppressed' })).toEqual([WHOLE + 1]);
      expect(await found({ outcome: 'denied', subject: 'ann' })).toContain(WHOLE + 1);
      expect(await found({ email: 'new.colleague@acme.com' })).not.toContain(WHOLE + 1);
      expect(await found({ requestId: testUuid7(300) })).toEqual([]);
    });
  });
}
