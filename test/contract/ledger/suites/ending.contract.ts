import { beforeEach, describe, expect, it } from 'vitest';
import type { Ending } from '../../../../src/ledger/port.ts';
import { TEST_TIME_MS } from '../../../support/clock.ts';
import {
  admission,
  ANN,
  CREATED,
  DAY_MS,
  draftFor,
  MINUTE_MS,
  quotaCharge,
  recordDraft,
  requestsCharge,
  settlement,
} from '../../../support/ledger/ledger.ts';
import { R1, R2, R3, KEY } from '../ledger-harness.ts';
import type { LedgerHarness } from '../ledger-harness.ts';

/** How admitted requests end: by the exchange, or by the sweep of expired intents. */
export function describeEndings(harness: LedgerHarness): void {
  describe('endings', () => {
    const CASES: readonly { ending: Ending; quota: 'kept' | 'returned'; repeat: 'replay' | 'admitted' }[] = [
      { ending: 'accepted', quota: 'kept', repeat: 'replay' },
      { ending: 'refused', quota: 'returned', repeat: 'replay' },
      { ending: 'not_sent', quota: 'returned', repeat: 'admitted' },
      { ending: 'unknown', quota: 'kept', repeat: 'replay' },
    ];

    it.each(CASES)('$ending: the quota is $quota, the key answers $repeat', async ({ ending, quota, repeat }) => {
      const charges = [quotaCharge({ amount: 4 }), requestsCharge()];
      await harness.ledger.admit(admission(R1, { key: KEY, charges }));
      harness.clock.advance(250);
      expect(await harness.ledger.settle(settlement(R1, ending))).toEqual({ kind: 'settled' });
      expect(await harness.ledger.find(R1, null)).toMatchObject({
        state: ending,
        settledAt: TEST_TIME_MS + 250,
        outcome: recordDraft('outcome', R1, { result: ending, settled_by: 'exchange' }),
      });
      expect(await harness.remaining()).toBe(quota === 'kept' ? 6 : 10);
      expect(await harness.remaining(requestsCharge())).toBe(19);
      expect(await harness.ledger.admit(admission(R2, { key: KEY, charges }))).toMatchObject({ kind: repeat });
    });

    it('returns a refund to the window it was taken from', async () => {
      const charges = [quotaCharge({ windowMs: MINUTE_MS, amount: 4 })];
      await harness.ledger.admit(admission(R1, { charges }));
      harness.clock.advance(MINUTE_MS);
      await harness.ledger.admit(admission(R2, { charges }));
      await harness.ledger.settle(settlement(R1, 'refused'));
      expect(await harness.remaining(charges[0])).toBe(6);
    });

    it('returns a refund to a window that is gone without touching another', async () => {
      const charges = [quotaCharge({ windowMs: MINUTE_MS, amount: 4 })];
      await harness.ledger.admit(admission(R1, { charges }));
      await harness.pass(5 * MINUTE_MS);
      await harness.ledger.admit(admission(R2, { charges }));
      await harness.ledger.settle(settlement(R1, 'not_sent'));
      expect(await harness.remaining(charges[0])).toBe(6);
    });

    it('settles an exchange once: the second changes nothing', async () => {
      await harness.ledger.admit(admission(R1, { key: KEY, charges: [quotaCharge()] }));
      await harness.ledger.settle(settlement(R1, 'accepted'));
      expect(await harness.ledger.settle(settlement(R1, 'refused'))).toEqual({ kind: 'unchanged', state: 'accepted' });
      expect(await harness.remaining()).toBe(9);
      expect(await harness.outcomes()).toEqual(['admitted', 'accepted']);
    });

    it('takes an exchange that says unknown as final', async () => {
      await harness.ledger.admit(admission(R1));
      await harness.ledger.settle(settlement(R1, 'unknown'));
      expect(await harness.ledger.settle(settlement(R1, 'accepted'))).toEqual({ kind: 'unchanged', state: 'unknown' });
    });

    it('settles neither a denial nor an unknown request', async () => {
      await harness.ledger.admit(admission(R1, { plan: 'deny' }));
      expect(await harness.ledger.settle(settlement(R1, 'accepted'))).toEqual({ kind: 'unchanged', state: 'denied' });
      expect(await harness.ledger.settle(settlement(R2, 'accepted'))).toEqual({ kind: 'not_found' });
      expect(await harness.outcomes()).toEqual(['denied']);
    });
  });

  describe('the sweep', () => {
    const sweep = (ending: Ending = 'unknown') =>
      settlement(R1, ending, { by: 'sweep', reply: { ...CREATED, status: 504 } });

    beforeEach(() => harness.ledger.admit(admission(R1, { key: KEY, charges: [quotaCharge({ amount: 4 })] })));

    it('finds an intent at the moment it expires, not before', async () => {
      harness.clock.advance(44_999);
      expect(await harness.ledger.expired(10)).toEqual([]);
      expect(await harness.ledger.settle(sweep())).toEqual({ kind: 'unchanged', state: 'open' });
      harness.clock.advance(1);
      expect(await harness.ledger.expired(10)).toEqual([
        {
          requestId: R1,
          intent: draftFor(recordDraft('intent', R1, { expires_at: '2026-03-02T10:00:45.000Z' }), ANN, KEY),
        },
      ]);
      expect(await harness.ledger.settle(sweep())).toEqual({ kind: 'settled' });
      expect(await harness.ledger.expired(10)).toEqual([]);
    });

    it('lists expired intents oldest first, as many as asked for', async () => {
      await harness.ledger.admit(admission(R2, { expiresInMs: 10 }));
      await harness.ledger.admit(admission(R3, { expiresInMs: 20 }));
      harness.clock.advance(DAY_MS);
      expect((await harness.ledger.expired(2)).map((intent) => intent.requestId)).toEqual([R2, R3]);
    });

    it('never changes a request that the exchange settled', async () => {
      await harness.ledger.settle(settlement(R1, 'accepted'));
      harness.clock.advance(DAY_MS);
      expect(await harness.ledger.settle(sweep())).toEqual({ kind: 'unchanged', state: 'accepted' });
    });

    it('yields to a late exchange, which refunds then and frees the key', async () => {
      harness.clock.advance(45_000);
      await harness.ledger.settle(sweep());
      expect(await harness.ledger.admit(admission(R2, { key: KEY }))).toMatchObject({
        kind: 'replay',
        reply: { status: 504 },
      });
      expect(await harness.remaining()).toBe(6);
      expect(await harness.ledger.settle(settlement(R1, 'not_sent'))).toEqual({ kind: 'settled' });
      expect(await harness.remaining()).toBe(10);
      expect(await harness.ledger.find(R1, null)).toMatchObject({
        state: 'not_sent',
        outcome: { outcome: { result: 'not_sent' } },
      });
      expect(await harness.ledger.admit(admission(R3, { key: KEY }))).toMatchObject({ kind: 'admitted' });
      expect(await harness.ledger.settle(settlement(R1, 'refused'))).toEqual({ kind: 'unchanged', state: 'not_sent' });
    });

    it('yields to a late exchange, whose answer is replayed from then on', async () => {
      harness.clock.advance(45_000);
      await harness.ledger.settle(sweep());
      await harness.ledger.settle(settlement(R1, 'accepted'));
      expect(await harness.ledger.admit(admission(R2, { key: KEY }))).toMatchObject({ kind: 'replay', reply: CREATED });
    });

    it('changes nothing the second time', async () => {
      harness.clock.advance(45_000);
      await harness.ledger.settle(sweep());
      expect(await harness.ledger.settle(sweep())).toEqual({ kind: 'unchanged', state: 'unknown' });
      expect(await harness.outcomes()).toEqual(['admitted', 'unknown']);
    });
  });
}
