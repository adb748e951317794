import { describe, expect, it } from 'vitest';
import { GENESIS, verifyChain } from '../../../../src/audit/chain.ts';
import { REPLY_RETENTION_MS } from '../../../../src/ledger/trusted-time.ts';
import type { Ending } from '../../../../src/ledger/port.ts';
import { TEST_TIME_MS } from '../../../support/clock.ts';
import { admission, DAY_MS, HOUR_MS, readTrail, settlement } from '../../../support/ledger/ledger.ts';
import { checkpoint, KEY, R1, R2, R3 } from '../ledger-harness.ts';
import type { LedgerHarness } from '../ledger-harness.ts';

const KEPT_DAYS = 8;
const RETENTION = { sinks: ['stdout', 'http'], keepRecordsMs: KEPT_DAYS * DAY_MS };
const NOTHING = { records: 0, more: false };

/** What retention drops and never drops, and that the chain verifies across its cuts. */
export function describeRetention(harness: LedgerHarness): void {
  const prune = () => harness.ledger.prune(RETENTION);
  const acknowledgeAll = async () => {
    for (const sink of RETENTION.sinks) await harness.ledger.ack(sink, 1_000_000);
  };
  const seqs = async () => (await harness.ledger.records(0, 1000)).map(({ seq }) => seq);

  async function expectWholeChain(): Promise<void> {
    const { base, head } = await harness.ledger.chain();
    expect(verifyChain(await readTrail(harness.ledger), base)).toEqual({ kind: 'intact', head });
  }

  describe('retention', () => {
    it('drops old records up to a checkpoint, which stays, and the chain continues from there', async () => {
      await harness.fill(2);
      const { hash } = JSON.parse((await readTrail(harness.ledger))[1] ?? '') as { hash: string };
      await harness.addCheckpoint(2);
      await harness.pass(KEPT_DAYS * DAY_MS + 1);
      await harness.fill(2);
      await harness.addCheckpoint(4);
      await acknowledgeAll();
      expect(await prune()).toEqual({ records: 2, more: false });
      expect(await seqs()).toEqual([3, 4]);
      expect((await harness.ledger.chain()).base).toEqual({ seq: 2, hash });
      await expectWholeChain();
      expect(await harness.ledger.checkpoints(0, 10)).toEqual([checkpoint(2), checkpoint(4)]);
    });

    it('keeps records for exactly as long as configured', async () => {
      await harness.fill(2);
      await harness.addCheckpoint(2);
      await acknowledgeAll();
      await harness.pass(KEPT_DAYS * DAY_MS);
      expect(await prune()).toEqual(NOTHING);
      expect(await seqs()).toEqual([1, 2]);
      await harness.pass(1);
      expect(await prune()).toEqual({ records: 2, more: false });
      expect(await seqs()).toEqual([]);
      await expectWholeChain();
      await harness.fill(1);
      expect(await seqs()).toEqual([3]);
      await expectWholeChain();
    });

    it('drops nothing beyond the first checkpoint that covers a record still to be kept', async () => {
      await harness.fill(2);
      await harness.addCheckpoint(1);
      await harness.pass(DAY_MS);
      await harness.fill(1);
      await harness.addCheckpoint(3);
      await acknowledgeAll();
      await harness.pass(KEPT_DAYS * DAY_MS);
      expect(await prune()).toEqual({ records: 1, more: false });
      expect(await seqs()).toEqual([2, 3]);
      await expectWholeChain();
    });

    it('drops nothing when records are kept forever, or there is no checkpoint', async () => {
      await harness.fill(2);
      await acknowledgeAll();
      await harness.pass(100 * DAY_MS);
      expect(await prune()).toEqual(NOTHING);
      await harness.addCheckpoint(2);
      await acknowledgeAll();
      expect(await harness.ledger.prune({ ...RETENTION, keepRecordsMs: null })).toEqual(NOTHING);
      expect((await harness.ledger.chain()).base).toEqual(GENESIS);
    });

    it('waits for every sink to acknowledge the checkpoint itself, also for an unknown sink', async () => {
      await harness.fill(2);
      await harness.addCheckpoint(2);
      await harness.pass(KEPT_DAYS * DAY_MS + 1);
      await harness.ledger.ack('stdout', 33);
      expect(await prune()).toEqual(NOTHING);
      await harness.ledger.ack('http', 32);
      expect(await prune()).toEqual(NOTHING);
      await harness.ledger.ack('http', 33);
      expect(await prune()).toEqual({ records: 2, more: false });
    });

    it('drops no further than the checkpoint that the slowest sink has acknowledged', async () => {
      for (const count of [1, 2, 3]) {
        await harness.fill(1);
        await harness.addCheckpoint(count);
      }
      await harness.pass(KEPT_DAYS * DAY_MS + 1);
      await acknowledgeAll();
      await harness.ledger.ack('slow', 48);
      const withSlow = { ...RETENTION, sinks: [...RETENTION.sinks, 'slow'] };
      expect(await harness.ledger.prune(withSlow)).toEqual({ records: 2, more: false });
      expect((await harness.ledger.lease('slow', 10)).map(({ position }) => position)).toEqual([49]);
      await harness.ledger.ack('slow', 49);
      expect(await harness.ledger.prune(withSlow)).toEqual({ records: 1, more: false });
    });

    it('gives a sink that comes later what is left, from the first kept record', async () => {
      await harness.fill(3);
      await harness.addCheckpoint(2);
      await harness.fill(1);
      await harness.pass(KEPT_DAYS * DAY_MS + 1);
      await acknowledgeAll();
      await prune();
      expect((await harness.ledger.lease('late', 10)).map(({ position }) => position)).toEqual([48, 49, 64]);
      expect(await harness.ledger.backlog(['late'])).toEqual([{ sink: 'late', records: 2, oldestAt: TEST_TIME_MS }]);
    });

    it.each<{ was: string; ending: Ending | null; dropped: number }>([
      { was: 'open', ending: null, dropped: 1 },
      { was: 'unknown', ending: 'unknown', dropped: 1 },
      { was: 'settled', ending: 'accepted', dropped: 4 },
    ])('drops $dropped records when a request behind the first checkpoint is $was', async ({ ending, dropped }) => {
      await harness.fill(1);
      await harness.addCheckpoint(1);
      await harness.ledger.admit(admission(R1));
      if (ending === null) await harness.fill(1);
      else await harness.ledger.settle(settlement(R1, ending));
      await harness.addCheckpoint(3);
      await harness.fill(1);
      await harness.addCheckpoint(4);
      await acknowledgeAll();
      await harness.pass(100 * DAY_MS);
      expect(await prune()).toEqual({ records: dropped, more: false });
      expect(await harness.ledger.find(R1, null)).toMatchObject(ending === 'accepted' ? {} : { requestId: R1 });
      await expectWholeChain();
    });

    it('drops a request with its intent, though its outcome is kept', async () => {
      await harness.ledger.admit(admission(R1));
      await harness.addCheckpoint(1);
      await harness.ledger.settle(settlement(R1, 'accepted'));
      await harness.ledger.admit(admission(R2));
      await acknowledgeAll();
      await harness.pass(KEPT_DAYS * DAY_MS + 1);
      expect(await prune()).toEqual({ records: 1, more: false });
      expect(await harness.ledger.find(R1, null)).toBeNull();
      expect((await harness.ledger.list({ owner: null, before: null, limit: 10 })).entries).toHaveLength(1);
      expect(await harness.outcomes()).toEqual(['accepted', 'admitted']);
    });

    it('keeps the records of a request while its reply can be replayed, however short retention is', async () => {
      await harness.ledger.admit(admission(R1, { key: KEY }));
      await harness.pass(HOUR_MS);
      await harness.ledger.settle(settlement(R1, 'unknown'));
      await harness.pass(100 * DAY_MS);
      await harness.ledger.settle(settlement(R1, 'accepted', { by: 'person' }));
      await harness.addCheckpoint(3);
      await acknowledgeAll();
      const short = { sinks: [], keepRecordsMs: HOUR_MS };
      await harness.pass(REPLY_RETENTION_MS - 1);
      expect(await harness.ledger.prune(short)).toEqual(NOTHING);
      expect(await harness.ledger.admit(admission(R2, { key: KEY }))).toMatchObject({ kind: 'replay' });
      expect(await harness.ledger.find(R1, null)).toMatchObject({ state: 'accepted' });
      await harness.pass(1);
      expect(await harness.ledger.prune(short)).toEqual({ records: 3, more: false });
      expect(await harness.ledger.find(R1, null)).toBeNull();
      expect(await harness.ledger.admit(admission(R3, { key: KEY }))).toMatchObject({ kind: 'admitted' });
    });

    it('drops a long trail in bounded steps, each of which leaves an intact chain', async () => {
      for (let count = 700; count <= 4200; count += 700) {
        await harness.fill(700);
        await harness.addCheckpoint(count);
      }
      await acknowledgeAll();
      await harness.pass(100 * DAY_MS);
      expect(await prune()).toEqual({ records: 1400, more: true });
      await expectWholeChain();
      expect(await prune()).toEqual({ records: 1400, more: true });
      expect(await prune()).toEqual({ records: 1400, more: false });
      expect(await prune()).toEqual(NOTHING);
      await expectWholeChain();
      expect(await harness.ledger.checkpoints(0, 10)).toEqual([checkpoint(4200)]);
    }, 60_000);

    it('drops all records between two checkpoints in one step, even if there are more than a step allows', async () => {
      await harness.fill(2100);
      await harness.addCheckpoint(2100);
      await harness.fill(1);
      await harness.addCheckpoint(2101);
      await acknowledgeAll();
      await harness.pass(100 * DAY_MS);
      expect(await prune()).toEqual({ records: 2100, more: true });
      expect(await prune()).toEqual({ records: 1, more: false });
      await expectWholeChain();
    }, 60_000);
  });
}
