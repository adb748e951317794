import { describe, expect, it } from 'vitest';
import { REPLY_RETENTION_MS } from '../../../src/ledger/port.ts';
import {
  admission,
  DAY_MS,
  HOUR_MS,
  KEEP_ALL,
  MINUTE_MS,
  quotaCharge,
  settlement,
} from '../../support/ledger/ledger.ts';
import { KEY, R1, R2 } from './ledger-harness.ts';
import type { LedgerHarness } from './ledger-harness.ts';

const RETENTION = { sinks: [], keepRecordsMs: 8 * DAY_MS };
const NOTHING = { records: 0, more: false };
const YEAR_MS = 365 * DAY_MS;

/** A machine whose clock is wrong for a while drops nothing that the right time would have kept. */
export function describeClock(harness: LedgerHarness): void {
  const prune = () => harness.ledger.prune(RETENTION);

  /** Two records covered by a checkpoint, and one completed retention run. */
  async function aDayInTheLife(): Promise<void> {
    await harness.fill(2);
    await harness.addCheckpoint(2);
    await harness.pass(HOUR_MS);
  }

  describe('a clock that jumps', () => {
    it('drops nothing, is reported once, and is forgotten once it is right again', async () => {
      await aDayInTheLife();
      harness.clock.advance(YEAR_MS);
      expect(await prune()).toEqual({ ...NOTHING, jumpedMs: YEAR_MS });
      harness.clock.advance(MINUTE_MS);
      expect(await prune()).toEqual(NOTHING);
      harness.clock.advance(-YEAR_MS);
      expect(await prune()).toEqual(NOTHING);
      await harness.pass(8 * DAY_MS);
      expect(await prune()).toEqual({ records: 2, more: false });
    });

    it('frees no key and no counter, and leaves the ledger’s time alone', async () => {
      await harness.pass(0);
      await harness.ledger.admit(admission(R1, { key: KEY, charges: [quotaCharge()] }));
      await harness.ledger.settle(settlement(R1, 'accepted'));
      harness.clock.advance(YEAR_MS);
      await harness.ledger.prune(KEEP_ALL);
      harness.clock.advance(-YEAR_MS);
      expect(await harness.ledger.admit(admission(R2, { key: KEY }))).toMatchObject({ kind: 'replay' });
      expect(await harness.remaining()).toBe(9);
    });

    it('is trusted once it has run for an hour from there', async () => {
      await aDayInTheLife();
      harness.clock.advance(YEAR_MS);
      expect(await prune()).toMatchObject({ jumpedMs: YEAR_MS });
      harness.clock.advance(HOUR_MS - 1);
      expect(await prune()).toEqual(NOTHING);
      harness.clock.advance(1);
      expect(await prune()).toEqual({ records: 2, more: false });
    });

    it.each([
      ['on', 2 * DAY_MS],
      ['back, though not to where it was', -DAY_MS],
    ])('a second time (%s) is doubted anew', async (_which, byMs) => {
      await aDayInTheLife();
      harness.clock.advance(YEAR_MS);
      await prune();
      harness.clock.advance(byMs);
      expect(await prune()).toEqual({ ...NOTHING, jumpedMs: YEAR_MS + byMs });
      harness.clock.advance(HOUR_MS - 1);
      expect(await prune()).toEqual(NOTHING);
      harness.clock.advance(1);
      expect(await prune()).toEqual({ records: 2, more: false });
    });

    it('is checked by the machine’s time, also when a record already has the wrong time', async () => {
      await aDayInTheLife();
      harness.clock.advance(YEAR_MS);
      await harness.fill(1);
      harness.clock.advance(-YEAR_MS);
      expect(await prune()).toEqual(NOTHING);
      await harness.pass(8 * DAY_MS);
      expect(await prune()).toEqual({ records: 2, more: false });
    });

    it('by a day at a time is trusted', async () => {
      await aDayInTheLife();
      for (let day = 0; day < 8; day += 1) {
        expect(await prune()).toEqual(NOTHING);
        harness.clock.advance(DAY_MS);
      }
      expect(await prune()).toEqual({ records: 2, more: false });
    });

    it('is not known the first time: nothing is dropped or reported then', async () => {
      await harness.fill(2);
      await harness.addCheckpoint(2);
      harness.clock.advance(REPLY_RETENTION_MS + 8 * DAY_MS);
      expect(await prune()).toEqual(NOTHING);
      expect(await prune()).toEqual({ records: 2, more: false });
    });
  });
}
