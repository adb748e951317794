import { describe, expect, it } from 'vitest';
import { REPLY_RETENTION_MS } from '../../../../src/ledger/trusted-time.ts';
import { TEST_TIME_MS } from '../../../support/clock.ts';
import {
  admission,
  DAY_MS,
  HOUR_MS,
  KEEP_ALL,
  MINUTE_MS,
  quotaCharge,
  readTrail,
  settlement,
} from '../../../support/ledger/ledger.ts';
import { KEY, R1, R2, R3 } from '../ledger-harness.ts';
import type { LedgerHarness } from '../ledger-harness.ts';

const RETENTION = { sinks: [], keepRecordsMs: 8 * DAY_MS };
const NOTHING = { records: 0, more: false };
const SECOND_MS = 1000;

/** What a wrong clock of the machine changes. The harness's clock starts at the right time. */
export function describeMachineClock(harness: LedgerHarness): void {
  const { remaining } = harness;
  const admit = (requestId: string, changes: Parameters<typeof admission>[1] = {}) =>
    harness.ledger.admit(admission(requestId, changes));
  const settle = (requestId: string) => harness.ledger.settle(settlement(requestId, 'accepted'));
  const witness = (atMs: number) => harness.ledger.witness({ atMs, kind: 'now' });
  const times = async () =>
    (await readTrail(harness.ledger)).map((line) => (JSON.parse(line) as { time: string }).time);

  describe('a clock that is set 8 days ahead', () => {
    it('frees no key, also when a request is admitted and retention runs meanwhile', async () => {
      await harness.pass(0);
      await admit(R1, { key: KEY });
      await settle(R1);
      harness.clock.jump(8 * DAY_MS);
      await harness.ledger.prune(KEEP_ALL);
      expect(await admit(R2, { key: KEY })).toMatchObject({ kind: 'replay' });
      await admit(R3);
      harness.clock.jump(-8 * DAY_MS);
      await harness.ledger.prune(KEEP_ALL);
      expect(await admit(R2, { key: KEY })).toMatchObject({ kind: 'replay' });
    });

    it('opens no quota window', async () => {
      await admit(R1, { charges: [quotaCharge({ amount: 9 })] });
      harness.clock.jump(8 * DAY_MS);
      expect(await remaining()).toBe(1);
      expect(await admit(R2, { charges: [quotaCharge({ amount: 2 })] })).toMatchObject({ kind: 'exhausted' });
      harness.clock.jump(-8 * DAY_MS);
      await harness.pass(DAY_MS);
      expect(await remaining()).toBe(10);
    });

    it('lets an intent expire after the time that really passed', async () => {
      harness.clock.jump(8 * DAY_MS);
      await admit(R1);
      harness.clock.jump(-8 * DAY_MS);
      expect(await harness.ledger.expired(10)).toEqual([]);
      harness.clock.advance(45_000);
      expect(await harness.ledger.expired(10)).toMatchObject([{ requestId: R1 }]);
    });

    it('drops no record early, and keeps none longer', async () => {
      await harness.fill(2);
      harness.clock.jump(8 * DAY_MS);
      await harness.fill(1);
      await harness.addCheckpoint(3);
      await witness(TEST_TIME_MS);
      expect(await harness.ledger.prune(RETENTION)).toEqual(NOTHING);
      harness.clock.jump(-8 * DAY_MS);
      await harness.pass(8 * DAY_MS + 1);
      expect(await harness.ledger.prune(RETENTION)).toEqual({ records: 3, more: false });
    });

    it('is the time of the records, whose order is their seq', async () => {
      await harness.fill(1);
      harness.clock.jump(8 * DAY_MS);
      await harness.fill(1);
      harness.clock.jump(-8 * DAY_MS);
      await harness.fill(1);
      expect(await times()).toEqual([
        '2026-03-02T10:00:00.000Z',
        '2026-03-10T10:00:00.000Z',
        '2026-03-02T10:00:00.000Z',
      ]);
    });

    it('hides no record from a search by time', async () => {
      await harness.fill(2);
      for (const jumpMs of [8 * DAY_MS, -8 * DAY_MS, MINUTE_MS, -MINUTE_MS]) {
        harness.clock.jump(jumpMs);
        await harness.fill(2);
      }
      const found = async (fromMs: number, toMs: number) => {
        const { records, done } = await harness.ledger.search({ filter: { fromMs, toMs }, after: 0, limit: 100 });
        return done ? records.map(({ seq }) => seq) : 'not done';
      };
      expect(await found(TEST_TIME_MS, TEST_TIME_MS + 1)).toEqual([1, 2, 5, 6, 9, 10]);
      expect(await found(TEST_TIME_MS + MINUTE_MS, TEST_TIME_MS + HOUR_MS)).toEqual([7, 8]);
      expect(await found(TEST_TIME_MS + DAY_MS, TEST_TIME_MS + 9 * DAY_MS)).toEqual([3, 4]);
    });
  });
}

/** What a witness corrects, in a ledger that keeps its own time. */
export function describeWitness(harness: LedgerHarness): void {
  const { remaining } = harness;
  const admit = (requestId: string, changes: Parameters<typeof admission>[1] = {}) =>
    harness.ledger.admit(admission(requestId, changes));
  const settle = (requestId: string) => harness.ledger.settle(settlement(requestId, 'accepted'));
  const witness = (atMs: number) => harness.ledger.witness({ atMs, kind: 'now' });

  describe('a witness', () => {
    it('of the time that passed without the service opens the windows that have begun', async () => {
      await harness.pass(0);
      await admit(R1, { charges: [quotaCharge({ amount: 9 })] });
      harness.clock.jump(DAY_MS);
      expect(await remaining()).toBe(1);
      await witness(TEST_TIME_MS + DAY_MS);
      expect(await remaining()).toBe(10);
    });

    it('leaves the time at which a request was asked as its record has it', async () => {
      await harness.pass(0);
      await admit(R1);
      harness.clock.jump(DAY_MS);
      await witness(TEST_TIME_MS + DAY_MS);
      await admit(R2);
      expect(await harness.ledger.find(R1, null)).toMatchObject({ requestedAt: TEST_TIME_MS });
      expect(await harness.ledger.find(R2, null)).toMatchObject({ requestedAt: TEST_TIME_MS + DAY_MS });
    });

    it('shortens the time of no key that was stored while the clock was behind', async () => {
      await harness.pass(0);
      await admit(R1, { key: KEY });
      await settle(R1);
      harness.clock.jump(3 * DAY_MS);
      await witness(TEST_TIME_MS + 3 * DAY_MS);
      await harness.pass(REPLY_RETENTION_MS - 1);
      expect(await admit(R2, { key: KEY })).toMatchObject({ kind: 'replay' });
      await harness.pass(1);
      expect(await admit(R2, { key: KEY })).toMatchObject({ kind: 'admitted' });
    });

    it('brings back what a new ledger stored under a clock that was ahead', async () => {
      await admit(R1, { key: KEY, charges: [quotaCharge({ amount: 4 })] });
      await admit(R2, { charges: [quotaCharge({ amount: 5 })] });
      await settle(R1);
      harness.clock.jump(-8 * DAY_MS);
      await witness(TEST_TIME_MS - 8 * DAY_MS);
      expect(await admit(R3, { key: KEY })).toMatchObject({ kind: 'replay' });
      expect(await remaining()).toBe(1);
      expect(await harness.ledger.find(R2, null)).toMatchObject({ admittedAt: TEST_TIME_MS - 8 * DAY_MS });
      harness.clock.advance(MINUTE_MS);
      expect(await harness.ledger.expired(10)).toMatchObject([{ requestId: R2 }]);
      await harness.pass(DAY_MS);
      expect(await remaining()).toBe(10);
      await harness.pass(REPLY_RETENTION_MS - DAY_MS - MINUTE_MS - 1);
      expect(await admit(R3, { key: KEY })).toMatchObject({ kind: 'replay' });
      await harness.pass(1);
      expect(await admit(R3, { key: KEY })).toMatchObject({ kind: 'admitted' });
      await harness.ledger.prune(RETENTION);
      expect(await remaining()).toBe(10);
    });

    it('takes over what a new ledger stored under a clock that was behind', async () => {
      await admit(R1, { key: KEY, charges: [quotaCharge({ amount: 4 })] });
      await settle(R1);
      harness.clock.jump(700 * DAY_MS);
      await witness(TEST_TIME_MS + 700 * DAY_MS);
      expect(await admit(R2, { key: KEY })).toMatchObject({ kind: 'replay' });
      expect(await remaining()).toBe(6);
      await harness.pass(REPLY_RETENTION_MS);
      expect(await admit(R2, { key: KEY })).toMatchObject({ kind: 'admitted' });
    });

    it('of an issued token moves the time forward and never back', async () => {
      await harness.pass(0);
      await admit(R1, { charges: [quotaCharge({ amount: 9 })] });
      harness.clock.jump(2 * DAY_MS);
      await harness.ledger.witness({ atMs: TEST_TIME_MS + DAY_MS, kind: 'at_least' });
      expect(await remaining()).toBe(10);
      await admit(R2, { charges: [quotaCharge({ amount: 9 })] });
      await harness.ledger.witness({ atMs: TEST_TIME_MS, kind: 'at_least' });
      expect(await remaining()).toBe(1);
    });

    it('is what the first retention waits for', async () => {
      await harness.fill(2);
      await harness.addCheckpoint(2);
      harness.clock.advance(9 * DAY_MS);
      expect(await harness.ledger.prune(RETENTION)).toEqual(NOTHING);
      await witness(harness.clock.now() - SECOND_MS);
      expect(await harness.ledger.prune(RETENTION)).toEqual({ records: 2, more: false });
    });
  });
}
