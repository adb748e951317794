import { expect, describe, it } from 'vitest';
import { MAX_SHOWN_REPLAYS } from '../../../../src/ledger/page.ts';
import { testUuid7 } from '../../../support/clock.ts';
import { admission, ANN, HOUR_MS, MINUTE_MS, recordDraft, settlement } from '../../../support/ledger/ledger.ts';
import { KEY, R1, R2, R3 } from '../ledger-harness.ts';
import type { LedgerHarness } from '../ledger-harness.ts';

/** What `find` gives of the records about one request. */
export function describeHistory(harness: LedgerHarness): void {
  const found = async (id = R1) => {
    const entry = await harness.ledger.find(id, null);
    return { seqs: entry?.records.map(({ seq }) => seq), left: entry?.replaysLeftOut, records: entry?.records };
  };
  const replay = (id: string) => harness.ledger.admit(admission(id, { key: KEY }));
  const evidence = recordDraft('reconciliation', R1, { result: 'unknown' });

  describe('the history of a request', () => {
    it('has every record about it, verbatim and in order, and none about another request', async () => {
      await harness.ledger.admit(admission(R1, { key: KEY }));
      await harness.ledger.admit(admission(R2));
      harness.clock.advance(MINUTE_MS);
      await harness.ledger.settle(settlement(R1, 'unknown', { by: 'sweep' }));
      harness.clock.advance(MINUTE_MS);
      await harness.ledger.recordAttempt({ requestId: R1, record: evidence, nextInMs: HOUR_MS });
      await harness.ledger.settle(settlement(R2, 'accepted'));
      await harness.ledger.settle(settlement(R1, 'accepted', { by: 'person' }));
      expect(await replay(R3)).toMatchObject({ kind: 'replay', firstRequestId: R1 });
      const all = await harness.ledger.records(0, 100);
      expect(await found()).toEqual({
        seqs: [1, 3, 4, 6, 7],
        left: 0,
        records: all.filter(({ seq }) => seq !== 2 && seq !== 5),
      });
      expect((await found(R2)).seqs).toEqual([2, 5]);
    });

    it('keeps the outcome of the sweep when the exchange still ended', async () => {
      await harness.ledger.admit(admission(R1));
      harness.clock.advance(MINUTE_MS);
      await harness.ledger.settle(settlement(R1, 'unknown', { by: 'sweep' }));
      await harness.ledger.settle(settlement(R1, 'refused'));
      expect((await found()).seqs).toEqual([1, 2, 3]);
    });

    it('has the record of an attempt once, and that of a denial', async () => {
      await harness.ledger.admit(admission(R1, { plan: 'deny' }));
      expect((await found()).seqs).toEqual([1]);
      await harness.ledger.admit(admission(R2));
      await harness.ledger.settle(settlement(R2, 'unknown'));
      harness.clock.advance(MINUTE_MS);
      // Twice, as two processes may do it.
      const attempt = {
        requestId: R2,
        record: recordDraft('reconciliation', R2, { result: 'unknown' }),
        nextInMs: null,
      };
      await harness.ledger.recordAttempt(attempt);
      await harness.ledger.recordAttempt(attempt);
      expect((await found(R2)).seqs).toEqual([2, 3, 4]);
    });

    it('has the newest replays, and says how many it leaves out', async () => {
      await harness.ledger.admit(admission(R1, { key: KEY }));
      await harness.ledger.settle(settlement(R1, 'accepted'));
      const total = MAX_SHOWN_REPLAYS + 5;
      for (let count = 0; count < total; count += 1) {
        // Only the first replays of a minute have records of their own.
        if (count % 10 === 0) harness.clock.advance(MINUTE_MS);
        await replay(testUuid7(100 + count));
      }
      const { seqs = [], left } = await found();
      expect(left).toBe(5);
      expect(seqs).toEqual([1, 2, ...Array.from({ length: MAX_SHOWN_REPLAYS }, (_, index) => 8 + index)]);
    });

    it('is shown to the owner of the request and to readers of all requests', async () => {
      await harness.ledger.admit(admission(R1));
      expect((await harness.ledger.find(R1, ANN))?.records).toEqual((await found()).records);
      expect(await harness.ledger.find(R1, { ...ANN, subject: 'bob' })).toBeNull();
    });
  });
}
