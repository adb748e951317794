import { beforeEach, describe, expect, it } from 'vitest';
import type { Ending, SettledBy } from '../../../src/ledger/port.ts';
import { TEST_TIME_MS } from '../../support/clock.ts';
import {
  admission,
  CREATED,
  DAY_MS,
  HOUR_MS,
  quotaClaim,
  recordDraft,
  settlement,
} from '../../support/ledger/ledger.ts';
import { KEY, R1, R2, R3 } from './ledger-harness.ts';
import type { LedgerWorld } from './ledger-harness.ts';

const BODY = '{"emails":["ann@acme.com"]}';

/** Requests whose outcome is unknown: looked at again, and settled by reconciliation or by a person. */
export function describeUnsettled(world: LedgerWorld): void {
  const due = async () => (await world.ledger.unsettled(10)).map(({ requestId }) => requestId);
  const evidence = recordDraft('reconciliation', R1, { result: 'unknown', settled_by: 'reconciliation' });

  describe('an unsettled request', () => {
    beforeEach(async () => {
      await world.ledger.admit(admission(R1, { key: KEY, body: BODY, claims: [quotaClaim({ amount: 4 })] }));
    });
    const becomeUnknown = () => world.ledger.settle(settlement(R1, 'unknown'));

    it('is due for a look a minute after it became unknown, with the bytes that went', async () => {
      world.clock.advance(1000);
      await becomeUnknown();
      world.clock.advance(59_999);
      expect(await world.ledger.unsettled(10)).toEqual([]);
      world.clock.advance(1);
      expect(await world.ledger.unsettled(10)).toEqual([
        {
          requestId: R1,
          admittedAt: TEST_TIME_MS,
          intent: recordDraft('intent', R1, { expires_at: '2026-03-02T10:00:45.000Z' }),
          body: BODY,
          looks: 0,
        },
      ]);
    });

    it('that the sweep found is due like any other', async () => {
      world.clock.advance(45_000);
      await world.ledger.settle(settlement(R1, 'unknown', { by: 'sweep' }));
      world.clock.advance(60_000);
      expect(await due()).toEqual([R1]);
    });

    it.each<Ending>(['accepted', 'refused', 'not_sent'])('is none when it ended as %s', async (ending) => {
      await world.ledger.settle(settlement(R1, ending));
      world.clock.advance(DAY_MS);
      expect(await due()).toEqual([]);
    });

    it('comes in the order in which looks are due, as many as asked for', async () => {
      await world.ledger.admit(admission(R2));
      await world.ledger.admit(admission(R3));
      await world.ledger.settle(settlement(R2, 'unknown'));
      world.clock.advance(1);
      await world.ledger.settle(settlement(R3, 'unknown'));
      await becomeUnknown();
      world.clock.advance(60_000);
      expect(await due()).toEqual([R2, R1, R3]);
      expect(await world.ledger.unsettled(1)).toHaveLength(1);
      expect(await world.ledger.unsettled(-1)).toEqual([]);
    });

    it('keeps the evidence of a look on the trail, and stays what it was until the next one', async () => {
      await becomeUnknown();
      const before = await world.ledger.find(R1, null);
      world.clock.advance(60_000);
      await world.ledger.look({ requestId: R1, record: evidence, nextInMs: HOUR_MS });
      expect(await world.ledger.records(2, 10)).toMatchObject([{ seq: 3 }]);
      expect(await world.ledger.find(R1, null)).toEqual(before);
      expect(await due()).toEqual([]);
      world.clock.advance(HOUR_MS - 1);
      expect(await due()).toEqual([]);
      world.clock.advance(1);
      expect(await world.ledger.unsettled(10)).toMatchObject([{ requestId: R1, looks: 1, body: BODY }]);
    });

    it('is only put off by a look that saw nothing', async () => {
      await becomeUnknown();
      world.clock.advance(60_000);
      await world.ledger.look({ requestId: R1, record: null, nextInMs: 10 });
      expect(await due()).toEqual([]);
      world.clock.advance(10);
      expect(await world.ledger.unsettled(10)).toMatchObject([{ requestId: R1, looks: 0 }]);
      expect(await world.outcomes()).toEqual(['admitted', 'unknown']);
    });

    it('is looked at once by two who look at the same time: the second look changes nothing', async () => {
      await becomeUnknown();
      world.clock.advance(60_000);
      await world.ledger.look({ requestId: R1, record: evidence, nextInMs: HOUR_MS });
      await world.ledger.look({ requestId: R1, record: evidence, nextInMs: DAY_MS });
      await world.ledger.look({ requestId: R1, record: null, nextInMs: null });
      expect(await world.ledger.records(2, 10)).toHaveLength(1);
      world.clock.advance(HOUR_MS);
      expect(await world.ledger.unsettled(10)).toMatchObject([{ requestId: R1, looks: 1 }]);
    });

    it('is not looked at again after the last look', async () => {
      await becomeUnknown();
      world.clock.advance(60_000);
      await world.ledger.look({ requestId: R1, record: evidence, nextInMs: null });
      world.clock.advance(1000 * DAY_MS);
      expect(await due()).toEqual([]);
      expect(await world.ledger.find(R1, null)).toMatchObject({ state: 'unknown' });
    });

    it('takes no look when it is open, settled, or not there', async () => {
      for (const requestId of [R1, R2]) await world.ledger.look({ requestId, record: evidence, nextInMs: 1 });
      await world.ledger.settle(settlement(R1, 'accepted'));
      await world.ledger.look({ requestId: R1, record: evidence, nextInMs: 1 });
      expect(await world.outcomes()).toEqual(['admitted', 'accepted']);
      expect(await due()).toEqual([]);
    });
  });

  describe.each<SettledBy>(['reconciliation', 'person'])('a settlement by %s', (by) => {
    const claims = [quotaClaim({ amount: 4 })];
    const settle = (ending: Ending) =>
      world.ledger.settle(settlement(R1, ending, { by, reply: { ...CREATED, status: 210 } }));

    beforeEach(() => world.ledger.admit(admission(R1, { key: KEY, body: BODY, claims })));

    it.each<{ ending: Ending; remaining: number }>([
      { ending: 'accepted', remaining: 6 },
      { ending: 'refused', remaining: 10 },
    ])('as $ending ends what the exchange left unknown: $remaining units left', async ({ ending, remaining }) => {
      await world.ledger.settle(settlement(R1, 'unknown'));
      world.clock.advance(DAY_MS - HOUR_MS * 12);
      expect(await settle(ending)).toEqual({ kind: 'settled' });
      expect(await world.ledger.find(R1, null)).toMatchObject({
        state: ending,
        outcome: { outcome: { result: ending, settled_by: by } },
      });
      expect(await world.remaining()).toBe(remaining);
      world.clock.advance(DAY_MS);
      expect(await world.ledger.unsettled(10)).toEqual([]);
    });

    it('gives the key its reply for 7 days from then', async () => {
      await world.ledger.settle(settlement(R1, 'unknown'));
      world.clock.advance(30 * DAY_MS);
      await settle('accepted');
      await world.pass(7 * DAY_MS - 1);
      expect(await world.ledger.admit(admission(R2, { key: KEY }))).toMatchObject({
        kind: 'replay',
        firstRequestId: R1,
        reply: { status: 210 },
      });
      world.clock.advance(1);
      expect(await world.ledger.admit(admission(R3, { key: KEY }))).toMatchObject({ kind: 'admitted' });
    });

    it('ends what the sweep called unknown, and is final: no exchange, no sweep and no second one', async () => {
      world.clock.advance(45_000);
      await world.ledger.settle(settlement(R1, 'unknown', { by: 'sweep' }));
      await settle('accepted');
      for (const other of ['exchange', 'sweep', 'reconciliation', 'person'] as const) {
        expect(await world.ledger.settle(settlement(R1, 'refused', { by: other }))).toEqual({
          kind: 'unchanged',
          state: 'accepted',
        });
      }
      expect(await world.remaining()).toBe(6);
      expect(await world.outcomes()).toEqual(['admitted', 'unknown', 'accepted']);
    });

    it('that leaves it unknown keeps the exchange out all the same', async () => {
      world.clock.advance(45_000);
      await world.ledger.settle(settlement(R1, 'unknown', { by: 'sweep' }));
      await settle('unknown');
      expect(await world.ledger.settle(settlement(R1, 'accepted'))).toEqual({ kind: 'unchanged', state: 'unknown' });
      expect(await settle('refused')).toEqual({ kind: 'settled' });
      expect(await world.remaining()).toBe(10);
    });

    it('does not touch what is open, however long, nor a denial, nor what never was', async () => {
      world.clock.advance(DAY_MS / 2);
      expect(await settle('accepted')).toEqual({ kind: 'unchanged', state: 'open' });
      await world.ledger.admit(admission(R2, { plan: 'deny' }));
      expect(await world.ledger.settle(settlement(R2, 'accepted', { by }))).toEqual({
        kind: 'unchanged',
        state: 'denied',
      });
      expect(await world.ledger.settle(settlement(R3, 'accepted', { by }))).toEqual({ kind: 'not_found' });
    });

    it('as not_sent frees the key and returns the units', async () => {
      await world.ledger.settle(settlement(R1, 'unknown'));
      expect(await settle('not_sent')).toEqual({ kind: 'settled' });
      expect(await world.remaining()).toBe(10);
      expect(await world.ledger.admit(admission(R2, { key: KEY }))).toMatchObject({ kind: 'admitted' });
    });
  });
}
