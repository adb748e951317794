import { DatabaseSync } from 'node:sqlite';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import type { OutboxItem } from '../../../src/audit/delivery/sink.ts';
import { createBatchedLedger } from '../../../src/ledger/batched-ledger.ts';
import { createMemoryLedger } from '../../support/ledger/memory-ledger.ts';
import type { Ledger } from '../../../src/ledger/port.ts';
import { createSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts';
import { verifyTail } from '../../../src/ledger/sqlite/trail/trail.ts';
import { createNodeSqlite } from '../../../src/platform/node/ledger/sqlite.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../support/clock.ts';
import type { FakeClock } from '../../support/clock.ts';
import { admission, HOUR_MS, readTrail, settlement } from '../../support/ledger/ledger.ts';
import { rounds } from '../../support/rounds.ts';
import { checkpoint } from './ledger-harness.ts';

/**
 * Random sequences of appends, checkpoints, deliveries and retention, with two sinks. For any order of steps:
 * - The chain verifies from its base to its head.
 * - Each sink gets every item once and in order.
 * - No item is dropped before both sinks have acknowledged it.
 */
type Step =
  | { step: 'append'; requests: number }
  /** Settles all open requests. The first may end as unknown, which blocks retention of everything behind it. */
  | { step: 'settle'; unknown: boolean }
  /** A checkpoint that covers all but the last `late` records, because signing takes time. */
  | { step: 'checkpoint'; late: number }
  | { step: 'deliver'; sink: number; limit: number }
  | { step: 'prune' }
  | { step: 'wait'; hours: number };

const RUNS = rounds(50, 100);
const SINKS = ['stdout', 'http'] as const;
const RETENTION = { sinks: SINKS, keepRecordsMs: 3 * HOUR_MS };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ step: fc.constant('append' as const), requests: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ step: fc.constant('settle' as const), unknown: fc.nat({ max: 9 }).map((dice) => dice === 0) }),
  fc.record({ step: fc.constant('checkpoint' as const), late: fc.constantFrom(0, 0, 1, 3) }),
  fc.record({
    step: fc.constant('deliver' as const),
    sink: fc.nat({ max: 1 }),
    limit: fc.constantFrom(1, 3, 100, 100),
  }),
  fc.record({ step: fc.constant('prune' as const) }),
  fc.record({ step: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 6 }) }),
);

async function live(ledger: Ledger, clock: FakeClock, steps: readonly Step[]): Promise<{ dropped: number }> {
  const taken = SINKS.map((): OutboxItem[] => []);
  const written: OutboxItem[] = [];
  const open: string[] = [];
  let dropped = 0;
  let next = 1;

  /** Collects the new items with an extra sink, which takes everything at once. */
  async function note(): Promise<void> {
    const items = await ledger.lease('witness', 10_000);
    written.push(...items);
    await ledger.ack('witness', items.at(-1)?.position ?? 0);
  }

  async function take(one: Step): Promise<void> {
    switch (one.step) {
      case 'append':
        for (let n = 0; n < one.requests; n += 1) {
          const id = testUuid7(next++);
          await ledger.admit(admission(id, { plan: n === 1 ? 'send' : 'deny' }));
          if (n === 1) open.push(id);
        }
        return;
      case 'settle':
        for (const [index, id] of open.splice(0).entries()) {
          await ledger.settle(settlement(id, one.unknown && index === 0 ? 'unknown' : 'accepted'));
        }
        return;
      case 'checkpoint':
        await ledger.addCheckpoint(checkpoint((await ledger.chain()).head.seq - one.late));
        return;
      case 'deliver': {
        const items = await ledger.lease(SINKS[one.sink] ?? '', one.limit);
        taken[one.sink]?.push(...items);
        const last = items.at(-1);
        if (last !== undefined) await ledger.ack(SINKS[one.sink] ?? '', last.position);
        return;
      }
      case 'prune':
        dropped += (await ledger.prune(RETENTION)).records;
        return;
      case 'wait':
        clock.advance(one.hours * HOUR_MS);
    }
  }

  await ledger.witness({ atMs: clock.now(), kind: 'now' });
  for (const one of steps) {
    await take(one);
    await note();
    const { base, head } = await ledger.chain();
    const lines = await readTrail(ledger);
    expect(verifyChain(lines, base)).toEqual({ kind: 'intact', head });
    // Only acknowledged items are dropped, including the checkpoint at which the chain begins.
    for (const items of taken) {
      expect(items).toEqual(written.slice(0, items.length));
      if (base.seq > 0)
        expect(items.some(({ kind, line }) => kind === 'checkpoint' && line === checkpoint(base.seq).line)).toBe(true);
    }
  }
  for (const [index, sink] of SINKS.entries()) {
    expect([...(taken[index] ?? []), ...(await ledger.lease(sink, 10_000))]).toEqual(written);
  }
  // Kept records are unchanged.
  const records = written.filter(({ kind }) => kind === 'record').map(({ line }) => line);
  expect(await readTrail(ledger)).toEqual(records.slice(dropped));
  return { dropped };
}

describe('the trail and its outbox', () => {
  it('lose nothing, in any order of appends, checkpoints, deliveries and cuts', async () => {
    let droppedInAll = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 80, size: 'max' }), async (steps) => {
        const clock = createFakeClock();
        const database = new DatabaseSync(':memory:');
        const sqlite = createNodeSqlite(database);
        const core = createSqliteLedger({ sqlite, clock, ids: createFakeIds(1_000_000) });
        const ledger = createBatchedLedger({
          ...{ core, sqlite, check: () => {}, onFailure: () => {} },
          defer: (next) => next(),
          monotonic: () => 0,
        });
        const { dropped } = await live(ledger, clock, steps);
        expect(verifyTail(sqlite, 5).kind).toBe('intact');
        expect(verifyTail(sqlite, 500).kind).toBe('intact');
        database.close();
        droppedInAll += dropped;

        const memoryClock = createFakeClock();
        const memory = createMemoryLedger({ clock: memoryClock, ids: createFakeIds(1_000_000) });
        expect(await live(memory, memoryClock, steps)).toEqual({ dropped });
      }),
      { numRuns: RUNS },
    );
    // The test is useful only if the generator also reaches retention.
    expect(droppedInAll).toBeGreaterThan(RUNS);
  }, 60_000);
});
