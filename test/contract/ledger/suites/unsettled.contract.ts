import { beforeEach, describe, expect, it } from 'vitest';
import { REPLY_RETENTION_MS } from '../../../../src/ledger/trusted-time.ts';
import type { Ending, SettledBy } from '../../../../src/ledger/port.ts';
import { TEST_TIME_MS } from '../../../support/clock.ts';
import {
  admission,
  ANN,
  CREATED,
  DAY_MS,
  draftFor,
  HOUR_MS,
  quotaCharge,
  recordDraft,
  settlement,
} from '../../../support/ledger/ledger.ts';
import { KEY, R1, R2, R3 } from '../ledger-harness.ts';
import type { LedgerHarness } from '../ledger-harness.ts';

const BODY = '{"emails":["ann@acme.com"]}';

/** Requests whose outcome is unknown: reconcile attempts on them, and their settlement by reconciliation or by a person. */
export function describeUnsettled(harness: LedgerHarness): void {
  const due = async () => (await harness.ledger.unsettled(10)).map(({ requestId }) => requestId);
  const evidence = recordDraft('reconciliation', R1, { result: 'unknown', settled_by: 'reconciliation' });

  describe('an unsettled request', () => {
    beforeEach(async () => {
      await harness.ledger.admit(admission(R1, { key: KEY, body: BODY, charges: [quotaCharge({ amount: 4 })] }));
    });
    const becomeUnknown = () => harness.ledger.settle(settlement(R1, 'unknown'));

    it('is due for an attempt a minute after it became unknown, with the bytes that were sent', async () => {
      harness.clock.advance(1000);
      await becomeUnknown();
      harness.clock.advance(59_999);
      expect(await harness.ledger.unsettled(10)).toEqual([]);
      harness.clock.advance(1);
      expect(await harness.ledger.unsettled(10)).toEqual([
        {
          requestId: R1,
          admittedAt: TEST_TIME_MS,
          intent: draftFor(recordDraft('intent', R1, { expires_at: '2026-03-02T10:00:45.000Z' }), ANN, KEY),
          body: BODY,
          attempts: 0,
        },
      ]);
    });

    it('is counted from the moment when its outcome became unknown until it is settled', async () => {
      await harness.ledger.admit(admission(R2));
      expect(await harness.ledger.countUnknown()).toBe(0);
      await becomeUnknown();
      await harness.ledger.settle(settlement(R2, 'unknown'));
      expect(await harness.ledger.countUnknown()).toBe(2);
      await harness.ledger.settle(settlement(R1, 'accepted', { by: 'person' }));
      expect(await harness.ledger.countUnknown()).toBe(1);
    });

    it('that the sweep settled is due like any other', async () => {
      harness.clock.advance(45_000);
      await harness.ledger.settle(settlement(R1, 'unknown', { by: 'sweep' }));
      harness.clock.advance(60_000);
      expect(await due()).toEqual([R1]);
    });

    it.each<Ending>(['accepted', 'refused', 'not_sent'])('is none when it ended as %s', async (ending) => {
      await harness.ledger.settle(settlement(R1, ending));
      harness.clock.advance(DAY_MS);
      expect(await due()).toEqual([]);
    });

    it('comes in the order in which attempts are due, as many as asked for', async () => {
      await harness.ledger.admit(admission(R2));
      await harness.ledger.admit(admission(R3));
      await harness.ledger.settle(settlement(R2, 'unknown'));
      harness.clock.advance(1);
      await harness.ledger.settle(settlement(R3, 'unknown'));
      await becomeUnknown();
      harness.clock.advance(60_000);
      expect(await due()).toEqual([R2, R1, R3]);
      expect(await harness.ledger.unsettled(1)).toHaveLength(1);
      expect(await harness.ledger.unsettled(-1)).toEqual([]);
    });

    it('keeps the evidence of an attempt in the trail, and its state does not change', async () => {
      await becomeUnknown();
      const before = await harness.ledger.find(R1, null);
      harness.clock.advance(60_000);
      await harness.ledger.recordAttempt({ requestId: R1, record: evidence, nextInMs: HOUR_MS });
      expect(await harness.ledger.records(2, 10)).toMatchObject([{ seq: 3 }]);
      const after = await harness.ledger.find(R1, null);
      expect(after).toEqual({ ...before, records: after?.records });
      expect(await due()).toEqual([]);
      harness.clock.advance(HOUR_MS - 1);
      expect(await due()).toEqual([]);
      harness.clock.advance(1);
      expect(await harness.ledger.unsettled(10)).toMatchObject([{ requestId: R1, attempts: 1, body: BODY }]);
    });

    it('is only postponed by an attempt without evidence', async () => {
      await becomeUnknown();
      harness.clock.advance(60_000);
      await harness.ledger.recordAttempt({ requestId: R1, record: null, nextInMs: 10 });
      expect(await due()).toEqual([]);
      harness.clock.advance(10);
      expect(await harness.ledger.unsettled(10)).toMatchObject([{ requestId: R1, attempts: 0 }]);
      expect(await harness.outcomes()).toEqual(['admitted', 'unknown']);
    });

    it('takes one of two attempts made at the same time: the second changes nothing', async () => {
      await becomeUnknown();
      harness.clock.advance(60_000);
      await harness.ledger.recordAttempt({ requestId: R1, record: evidence, nextInMs: HOUR_MS });
      await harness.ledger.recordAttempt({ requestId: R1, record: evidence, nextInMs: DAY_MS });
      await harness.ledger.recordAttempt({ requestId: R1, record: null, nextInMs: null });
      expect(await harness.ledger.records(2, 10)).toHaveLength(1);
      harness.clock.advance(HOUR_MS);
      expect(await harness.ledger.unsettled(10)).toMatchObject([{ requestId: R1, attempts: 1 }]);
    });

    it('is not due again after the last attempt', async () => {
      await becomeUnknown();
      harness.clock.advance(60_000);
      await harness.ledger.recordAttempt({ requestId: R1, record: evidence, nextInMs: null });
      harness.clock.advance(1000 * DAY_MS);
      expect(await due()).toEqual([]);
      expect(await harness.ledger.find(R1, null)).toMatchObject({ state: 'unknown' });
    });

    it('takes no attempt when it is open, settled, or does not exist', async () => {
      for (const requestId of [R1, R2])
        await harness.ledger.recordAttempt({ requestId, record: evidence, nextInMs: 1 });
      await harness.ledger.settle(settlement(R1, 'accepted'));
      await harness.ledger.recordAttempt({ requestId: R1, record: evidence, nextInMs: 1 });
      expect(await harness.outcomes()).toEqual(['admitted', 'accepted']);
      expect(await due()).toEqual([]);
    });
  });

  describe.each<SettledBy>(['reconciliation', 'person'])('a settlement by %s', (by) => {
    const charges = [quotaCharge({ amount: 4 })];
    const settle = (ending: Ending) =>
      harness.ledger.settle(settlement(R1, ending, { by, reply: { ...CREATED, status: 210 } }));

    beforeEach(() => harness.ledger.admit(admission(R1, { key: KEY, body: BODY, charges })));

    it.each<{ ending: Ending; remaining: number }>([
      { ending: 'accepted', remaining: 6 },
      { ending: 'refused', remaining: 10 },
    ])('as $ending ends what the exchange left unknown: $remaining units left', async ({ ending, remaining }) => {
      await harness.ledger.settle(settlement(R1, 'unknown'));
      harness.clock.advance(DAY_MS - HOUR_MS * 12);
      expect(await settle(ending)).toEqual({ kind: 'settled' });
      expect(await harness.ledger.find(R1, null)).toMatchObject({
        state: ending,
        outcome: { outcome: { result: ending, settled_by: by } },
      });
      expect(await harness.remaining()).toBe(remaining);
      harness.clock.advance(DAY_MS);
      expect(await harness.ledger.unsettled(10)).toEqual([]);
    });

    it('gives the key its reply for its whole retention from then', async () => {
      await harness.ledger.settle(settlement(R1, 'unknown'));
      harness.clock.advance(30 * DAY_MS);
      await settle('accepted');
      await harness.pass(REPLY_RETENTION_MS - 1);
      expect(await harness.ledger.admit(admission(R2, { key: KEY }))).toMatchObject({
        kind: 'replay',
        firstRequestId: R1,
        reply: { status: 210 },
      });
      harness.clock.advance(1);
      expect(await harness.ledger.admit(admission(R3, { key: KEY }))).toMatchObject({ kind: 'admitted' });
    });

    it('ends a request that the sweep settled as unknown, and is final: no exchange, no sweep and no second one', async () => {
      harness.clock.advance(45_000);
      await harness.ledger.settle(settlement(R1, 'unknown', { by: 'sweep' }));
      await settle('accepted');
      for (const other of ['exchange', 'sweep', 'reconciliation', 'person'] as const) {
        expect(await harness.ledger.settle(settlement(R1, 'refused', { by: other }))).toEqual({
          kind: 'unchanged',
          state: 'accepted',
        });
      }
      expect(await harness.remaining()).toBe(6);
      expect(await harness.outcomes()).toEqual(['admitted', 'unknown', 'accepted']);
    });

    it('that leaves it unknown keeps the exchange out all the same', async () => {
      harness.clock.advance(45_000);
      await harness.ledger.settle(settlement(R1, 'unknown', { by: 'sweep' }));
      await settle('unknown');
      expect(await harness.ledger.settle(settlement(R1, 'accepted'))).toEqual({ kind: 'unchanged', state: 'unknown' });
      expect(await settle('refused')).toEqual({ kind: 'settled' });
      expect(await harness.remaining()).toBe(10);
    });

    it('does not change an open request, however old, nor a denial, nor a request that does not exist', async () => {
      harness.clock.advance(DAY_MS / 2);
      expect(await settle('accepted')).toEqual({ kind: 'unchanged', state: 'open' });
      await harness.ledger.admit(admission(R2, { plan: 'deny' }));
      expect(await harness.ledger.settle(settlement(R2, 'accepted', { by }))).toEqual({
        kind: 'unchanged',
        state: 'denied',
      });
      expect(await harness.ledger.settle(settlement(R3, 'accepted', { by }))).toEqual({ kind: 'not_found' });
    });

    it('as not_sent frees the key and returns the units', async () => {
      await harness.ledger.settle(settlement(R1, 'unknown'));
      expect(await settle('not_sent')).toEqual({ kind: 'settled' });
      expect(await harness.remaining()).toBe(10);
      expect(await harness.ledger.admit(admission(R2, { key: KEY }))).toMatchObject({ kind: 'admitted' });
    });
  });
}
