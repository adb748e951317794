import { DatabaseSync } from 'node:sqlite';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts';
import { TOLERANCE_MS } from '../../../src/ledger/trusted-time.ts';
import { createNodeSqlite } from '../../../src/platform/node/ledger/sqlite.ts';
import { createFakeIds, TEST_TIME_MS, testUuid7 } from '../../support/clock.ts';
import { rounds } from '../../support/rounds.ts';
import {
  admission,
  ANN,
  DAY_MS,
  HOUR_MS,
  KEEP_ALL,
  MINUTE_MS,
  quotaCharge,
  settlement,
} from '../../support/ledger/ledger.ts';

/**
 * Random sequences of wrong clocks, restarts, crashes, downtime and repeated keys, with the real time known to the test
 * only. For any order of steps:
 * - No key is sent twice within 7 real days.
 * - No window grants more than its limit, and none opens before it has really begun: the sum of what was sent is at most
 *   the limit times the number of windows that have begun since the one of the first request. After a downtime without
 *   witnesses that one may be a window that has ended. In a new ledger whose first clock is wrong, windows begin at other
 *   moments than they should, until the first witness: one more may have begun.
 * - An intent ends within 5 minutes.
 * - Once witnesses are heard, a quota is free again an hour after its window has really ended.
 */
type Step =
  | { step: 'wait'; ms: number }
  /** Somebody sets the clock wrong by this much; 0: right. */
  | { step: 'set'; offMs: number }
  | { step: 'restart'; downMs: number }
  | { step: 'witnesses'; reachable: boolean }
  | { step: 'invite'; key: number; ending: 'accepted' | 'unknown' | 'refused' | 'crash' };

const KEYS = 8;
const RUNS = rounds(150, 600);
const OFF_MS = [1000, 10_000, MINUTE_MS, HOUR_MS, 5 * HOUR_MS, DAY_MS, 8 * DAY_MS, 730 * DAY_MS];
const offMs = fc.constantFrom(0, 0, ...OFF_MS, ...OFF_MS.map((ms) => -ms));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      step: fc.constant('wait' as const),
      ms: fc.constantFrom(1000, 50_000, 4 * MINUTE_MS, 5 * MINUTE_MS, HOUR_MS, 11 * HOUR_MS, 3 * DAY_MS, 6.9 * DAY_MS),
    }),
  },
  { weight: 3, arbitrary: fc.record({ step: fc.constant('set' as const), offMs }) },
  {
    weight: 2,
    arbitrary: fc.record({
      step: fc.constant('restart' as const),
      downMs: fc.constantFrom(0, 5000, MINUTE_MS, HOUR_MS, 2 * DAY_MS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('witnesses' as const), reachable: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      step: fc.constant('invite' as const),
      key: fc.nat({ max: KEYS - 1 }),
      ending: fc.constantFrom(
        'accepted' as const,
        'accepted' as const,
        'unknown' as const,
        'refused' as const,
        'crash' as const,
      ),
    }),
  },
);
const life = fc.record({
  /** Into the day, so that windows end at any moment of a sequence. */
  startMs: fc.nat({ max: DAY_MS }),
  offMs,
  reachable: fc.boolean(),
  steps: fc.array(step, { minLength: 30, maxLength: 100, size: 'max' }),
});

const QUOTAS = [
  quotaCharge({ quota: 'day', windowMs: DAY_MS, limit: 5 }),
  quotaCharge({ quota: 'hour', windowMs: HOUR_MS, limit: 3 }),
];

function simulate(startMs: number, firstOffMs: number) {
  const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
  const ids = createFakeIds(1_000_000);
  let realMs = startMs;
  let wrongByMs = firstOffMs;
  let bootMs = startMs;
  let reachable = false;
  let next = 1;
  let exhausted = 0;
  const clock = { now: () => realMs + wrongByMs, monotonic: () => realMs - bootMs };
  const open = () => createSqliteLedger({ sqlite, clock, ids });
  let ledger = open();
  const sentAt: { key: number; realMs: number; windowsFromMs: number }[] = [];

  /** An answer over TLS: whole seconds, and a moment old. */
  function hear(): void {
    if (reachable) ledger.witness({ atMs: Math.floor((realMs - 300) / 1000) * 1000, kind: 'now' });
  }
  function sweep(): void {
    sqlite.transaction(() => {
      for (const { requestId } of ledger.expired(100)) ledger.settle(settlement(requestId, 'unknown', { by: 'sweep' }));
      ledger.prune(KEEP_ALL);
    });
  }
  function pass(ms: number): void {
    realMs += ms;
    hear();
    sweep();
  }
  const openRequests = () =>
    ledger.list({ owner: ANN, before: null, limit: 1000 }).entries.filter(({ state }) => state === 'open').length;
  return {
    sentAt,
    pass,
    openRequests,
    now: () => realMs,
    exhausted: () => exhausted,
    setClock: (byMs: number) => void (wrongByMs = byMs),
    setReachable: (is: boolean) => void (reachable = is),
    restart(downMs: number) {
      realMs += downMs;
      bootMs = realMs;
      ledger = open();
    },
    invite(key: number, ending: 'accepted' | 'unknown' | 'refused' | 'crash') {
      hear();
      const id = testUuid7(next++);
      const admitted = sqlite.transaction(() =>
        ledger.admit(admission(id, { key: `key-number-${key}-of-all`, charges: QUOTAS })),
      );
      if (admitted.kind === 'exhausted') exhausted += 1;
      if (admitted.kind !== 'admitted') return;
      const isWitnessed = ledger.clockState().witnessedMs !== null;
      sentAt.push({ key, realMs, windowsFromMs: isWitnessed ? Math.min(realMs, ledger.now()) : realMs });
      if (ending === 'crash') return;
      realMs += 200;
      hear();
      sqlite.transaction(() => ledger.settle(settlement(id, ending)));
      // A refund returns its units: it is no use of the quota.
      if (ending === 'refused') sentAt.pop();
    },
    remaining: () => ledger.usage(QUOTAS).map(({ remaining }) => remaining),
  };
}

/** Trusted time may be off by the tolerance. */
function windowsBegun(fromMs: number, toMs: number, windowMs: number): number {
  return Math.floor((toMs + TOLERANCE_MS) / windowMs) - Math.floor((fromMs - TOLERANCE_MS) / windowMs) + 1;
}

describe('a ledger under clocks that are set at random', () => {
  it('sends no invite twice, exceeds no quota, and returns to the real time with the first witnesses', () => {
    const reached = { repeated: 0, sent: 0, exhausted: 0 };
    fc.assert(
      fc.property(life, ({ startMs, offMs: firstOffMs, reachable, steps }) => {
        const world = simulate(TEST_TIME_MS + startMs, firstOffMs);
        world.setReachable(reachable);
        for (const one of steps) {
          switch (one.step) {
            case 'wait':
              if (one.ms < 5 * MINUTE_MS) {
                world.pass(one.ms);
                break;
              }
              world.pass(one.ms - 3 * MINUTE_MS);
              for (let minutes = 0; minutes < 3; minutes += 1) world.pass(MINUTE_MS);
              expect(world.openRequests()).toBe(0);
              break;
            case 'set':
              world.setClock(one.offMs);
              break;
            case 'restart':
              world.restart(one.downMs);
              break;
            case 'witnesses':
              world.setReachable(one.reachable);
              break;
            case 'invite':
              world.invite(one.key, one.ending);
          }
          const firstMs = world.sentAt[0]?.windowsFromMs ?? world.now();
          for (const { limit, windowMs } of QUOTAS) {
            const begun = windowsBegun(firstMs, world.now(), windowMs) + (firstOffMs === 0 ? 0 : 1);
            expect(world.sentAt.length).toBeLessThanOrEqual(limit * begun);
          }
        }
        for (let key = 0; key < KEYS; key += 1) {
          const times = world.sentAt.filter((sent) => sent.key === key).map(({ realMs }) => realMs);
          reached.repeated += Math.max(0, times.length - 1);
          reached.sent += times.length;
          for (const [index, time] of times.slice(1).entries())
            expect(time - (times[index] ?? 0)).toBeGreaterThan(7 * DAY_MS);
        }

        reached.exhausted += world.exhausted();

        // Whatever the machine's clock says: an hour with witnesses, then to an hour after the end of the day.
        world.setReachable(true);
        for (let minutes = 0; minutes < 60; minutes += 1) world.pass(MINUTE_MS);
        expect(world.openRequests()).toBe(0);
        const untilMs = (Math.floor(world.now() / DAY_MS) + 1) * DAY_MS + HOUR_MS;
        while (world.now() < untilMs) world.pass(10 * MINUTE_MS);
        expect(world.remaining()).toEqual(QUOTAS.map(({ limit }) => limit));
      }),
      { numRuns: RUNS },
    );
    // The test is useful only if the generator also repeats keys and exhausts quotas.
    expect(reached.sent).toBeGreaterThan(RUNS);
    expect(reached.repeated).toBeGreaterThan(RUNS / 5);
    expect(reached.exhausted).toBeGreaterThan(RUNS / 5);
  });
});
