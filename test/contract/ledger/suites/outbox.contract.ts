import { describe, expect, it } from 'vitest';
import { GENESIS } from '../../../../src/audit/chain.ts';
import { positionOf } from '../../../../src/audit/delivery/outbox-position.ts';
import { MAX_LEASE_LENGTH, MAX_PAGE_LENGTH } from '../../../../src/ledger/page.ts';
import { TEST_TIME_MS, testUuid7 } from '../../../support/clock.ts';
import { admission, MINUTE_MS, onlyRecord, readTrail, recordDraft } from '../../../support/ledger/ledger.ts';
import { checkpoint, R1, R2, R3 } from '../ledger-harness.ts';
import type { LedgerHarness } from '../ledger-harness.ts';

/** The items that sinks get, their order, and the checkpoints among them. */
export function describeOutbox(harness: LedgerHarness): void {
  const leased = async (sink: string, limit = 100) =>
    (await harness.ledger.lease(sink, limit)).map(({ kind, position }) => `${kind} ${position}`);

  describe('the outbox', () => {
    it('gives each sink what that sink has not acknowledged, each item verbatim', async () => {
      await harness.fill(3);
      const lines = await readTrail(harness.ledger);
      expect(await harness.ledger.lease('http', 10)).toEqual(
        lines.map((line, index) => ({ position: positionOf(index + 1), kind: 'record', line })),
      );
      await harness.ledger.ack('stdout', 32);
      expect(await leased('stdout')).toEqual(['record 48']);
      expect(await leased('http')).toEqual(['record 16', 'record 32', 'record 48']);
    });

    it('never moves a cursor back', async () => {
      await harness.fill(3);
      await harness.ledger.ack('stdout', 32);
      await harness.ledger.ack('stdout', 16);
      expect(await leased('stdout')).toEqual(['record 48']);
    });

    it.each([49, 1_000_000])('gives what came after a sink acknowledged too much (%i)', async (tooMuch) => {
      await harness.fill(3);
      await harness.ledger.ack('stdout', tooMuch);
      const line = await harness.addCheckpoint(3);
      await harness.fill(1);
      expect(await harness.ledger.lease('stdout', 10)).toEqual([
        { position: positionOf(3) + 1, kind: 'checkpoint', line },
        { position: positionOf(4), kind: 'record', line: (await readTrail(harness.ledger))[3] },
      ]);
    });

    it('puts a checkpoint behind the record that was last when it was stored', async () => {
      await harness.fill(2);
      await harness.addCheckpoint(1);
      await harness.fill(2);
      await harness.addCheckpoint(4);
      expect(await leased('http')).toEqual([
        'record 16',
        'record 32',
        'checkpoint 33',
        'record 48',
        'record 64',
        'checkpoint 65',
      ]);
      expect(await leased('http', 3)).toEqual(['record 16', 'record 32', 'checkpoint 33']);
      await harness.ledger.ack('http', 32);
      expect(await leased('http', 1)).toEqual(['checkpoint 33']);
      await harness.ledger.ack('http', 33);
      expect(await leased('http', 0)).toEqual([]);
      expect(await leased('http')).toEqual(['record 48', 'record 64', 'checkpoint 65']);
      await harness.ledger.ack('http', 65);
      expect(await leased('http')).toEqual([]);
    });

    it('gives no more than a page by weight, and never an empty one', async () => {
      const heavy = { ...recordDraft('intent', R1), source: { address: 'x'.repeat(MAX_LEASE_LENGTH / 2) } };
      for (const id of [R1, R2, R3]) {
        await harness.ledger.admit(admission(id, { records: onlyRecord(heavy) }));
      }
      expect(await leased('http')).toEqual(['record 16']);
    });

    it('gives a sink more by weight than a reader of the trail', async () => {
      const heavy = { ...recordDraft('intent', R1), source: { address: 'x'.repeat(MAX_PAGE_LENGTH) } };
      for (const id of [R1, R2]) {
        await harness.ledger.admit(admission(id, { records: onlyRecord(heavy) }));
      }
      expect(await leased('http')).toEqual(['record 16', 'record 32']);
      expect((await harness.ledger.records(0, 10)).map(({ seq }) => seq)).toEqual([1]);
    });

    it('reports the backlog of sinks: how many records, and since when', async () => {
      await harness.fill(2);
      harness.clock.advance(MINUTE_MS);
      await harness.fill(1);
      await harness.addCheckpoint(3);
      await harness.ledger.ack('stdout', 32);
      await harness.ledger.ack('otlp', 48);
      expect(await harness.ledger.backlog(['stdout', 'never-heard-of', 'otlp'])).toEqual([
        { sink: 'stdout', records: 1, oldestAt: TEST_TIME_MS + MINUTE_MS },
        { sink: 'never-heard-of', records: 3, oldestAt: TEST_TIME_MS },
        { sink: 'otlp', records: 0, oldestAt: null },
      ]);
    });
  });

  describe('checkpoints', () => {
    it('are kept verbatim, in order, and read after a cursor', async () => {
      for (const count of [1, 2, 3]) {
        await harness.fill(1);
        await harness.addCheckpoint(count);
      }
      const all = await harness.ledger.checkpoints(0, 10);
      expect(all).toEqual([checkpoint(1), checkpoint(2), checkpoint(3)]);
      expect(await harness.ledger.checkpoints(1, 1)).toEqual([checkpoint(2)]);
      expect(await harness.ledger.checkpoints(3, 10)).toEqual([]);
      expect(await harness.ledger.checkpoints(0, -1)).toEqual([]);
    });

    it.each([
      ['of nothing', 0],
      ['of as much as the last one', 2],
      ['of less than the last one', 1],
      ['of records that are not written yet', 5],
    ])('%s are not taken', async (_what, count) => {
      await harness.fill(2);
      await harness.addCheckpoint(2);
      await harness.fill(2);
      expect(await harness.ledger.addCheckpoint(checkpoint(count))).toBe(false);
      expect(await harness.ledger.checkpoints(0, 10)).toEqual([checkpoint(2)]);
    });

    it('stand one behind the other when no record came between, and each is delivered', async () => {
      await harness.fill(3);
      await harness.addCheckpoint(1);
      await harness.ledger.ack('stdout', 49);
      await harness.addCheckpoint(2);
      await harness.addCheckpoint(3);
      expect(await leased('stdout')).toEqual(['checkpoint 50', 'checkpoint 51']);
      await harness.fill(1);
      expect(await leased('stdout')).toEqual(['checkpoint 50', 'checkpoint 51', 'record 64']);
    });

    it('are not taken when no position is left before the next record', async () => {
      await harness.fill(16);
      for (let count = 1; count <= 15; count += 1) await harness.addCheckpoint(count);
      expect(await harness.ledger.addCheckpoint(checkpoint(16))).toBe(false);
      await harness.fill(1);
      expect(await harness.ledger.addCheckpoint(checkpoint(16))).toBe(true);
    });

    it('of an empty ledger are not taken', async () => {
      expect(await harness.ledger.addCheckpoint(checkpoint(1))).toBe(false);
      expect(await harness.ledger.addCheckpoint(checkpoint(0))).toBe(false);
    });
  });

  describe('the chain', () => {
    it('begins at genesis, ends at the last record, and knows its last checkpoint', async () => {
      expect(await harness.ledger.chain()).toMatchObject({ base: GENESIS, head: GENESIS, checkpoint: null });
      await harness.fill(2);
      await harness.addCheckpoint(1);
      await harness.ledger.admit(admission(testUuid7(900)));
      const last = JSON.parse((await readTrail(harness.ledger))[2] ?? '') as { hash: string };
      expect(await harness.ledger.chain()).toMatchObject({
        base: GENESIS,
        head: { seq: 3, hash: last.hash },
        checkpoint: { count: 1, madeAt: TEST_TIME_MS + 1 },
      });
    });
  });
}
