import { describe, expect, it } from 'vitest';
import type { Turn, Turns } from '../../../src/tasks/concurrency-limit.ts';
import { createTurns } from '../../../src/tasks/concurrency-limit.ts';
import { createFakeSchedule } from '../../support/clock.ts';

const LIMITS = { atWork: 2, waiting: 2, waitMs: 2_000 };
const STAYS = new AbortController().signal;

/** What has been decided so far; undefined for whoever still waits. */
function watch(turns: Turns, gone = STAYS): { turn: Turn | undefined } {
  const seen: { turn: Turn | undefined } = { turn: undefined };
  void turns.take(gone).then((turn) => (seen.turn = turn));
  return seen;
}

const settled = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));
const release = ({ turn }: { turn: Turn | undefined }): void => {
  if (turn?.kind !== 'taken') throw new Error('no turn to give back');
  turn.release();
};

describe('turns', () => {
  it('lets as many work at once as there are places, and as many wait, and refuses the next at once', async () => {
    const turns = createTurns(LIMITS, createFakeSchedule());
    const all = Array.from({ length: 5 }, () => watch(turns));
    await settled();
    expect(all.map(({ turn }) => turn?.kind)).toEqual(['taken', 'taken', undefined, undefined, 'refused']);
    expect(all[4]?.turn).toEqual({ kind: 'refused', reason: 'queue_full' });
  });

  it('gives a free place to whoever has waited longest, and the one after to the next', async () => {
    const turns = createTurns(LIMITS, createFakeSchedule());
    const [first, second, third, fourth] = [watch(turns), watch(turns), watch(turns), watch(turns)];
    await settled();
    release(second);
    await settled();
    expect([third.turn?.kind, fourth.turn?.kind]).toEqual(['taken', undefined]);
    release(first);
    await settled();
    expect(fourth.turn?.kind).toBe('taken');
  });

  it('has all its places again when everyone has left', async () => {
    const schedule = createFakeSchedule();
    const turns = createTurns(LIMITS, schedule);
    const crowd = Array.from({ length: 4 }, () => watch(turns));
    for (const one of crowd) {
      await settled();
      release(one);
    }
    const next = [watch(turns), watch(turns), watch(turns)];
    await settled();
    expect(next.map(({ turn }) => turn?.kind)).toEqual(['taken', 'taken', undefined]);
    expect(schedule.waitingMs).toEqual([2_000]);
  });

  it('counts a place that is given back twice once', async () => {
    const turns = createTurns(LIMITS, createFakeSchedule());
    const [first] = [watch(turns), watch(turns)];
    await settled();
    release(first);
    release(first);
    const next = [watch(turns), watch(turns)];
    await settled();
    expect(next.map(({ turn }) => turn?.kind)).toEqual(['taken', undefined]);
  });

  it('lets nobody wait longer than the limit, and takes no place for one who has left the queue', async () => {
    const schedule = createFakeSchedule();
    const turns = createTurns(LIMITS, schedule);
    const [first, , third] = [watch(turns), watch(turns), watch(turns)];
    await settled();
    schedule.advance(1_999);
    const fourth = watch(turns);
    await settled();
    expect(third.turn).toBeUndefined();
    schedule.advance(1);
    await settled();
    expect(third.turn).toEqual({ kind: 'refused', reason: 'waited_too_long' });
    release(first);
    await settled();
    expect(fourth.turn?.kind).toBe('taken');
    expect(schedule.waitingMs).toEqual([]);
  });

  it('lets a caller who goes away leave the queue to others', async () => {
    const schedule = createFakeSchedule();
    const turns = createTurns(LIMITS, schedule);
    const caller = new AbortController();
    const [first, , third, fourth] = [watch(turns), watch(turns), watch(turns, caller.signal), watch(turns)];
    await settled();
    caller.abort();
    await settled();
    expect(third.turn).toEqual({ kind: 'refused', reason: 'caller_gone' });
    release(first);
    await settled();
    expect(fourth.turn?.kind).toBe('taken');
    watch(turns);
    const gone = watch(turns, AbortSignal.abort());
    await settled();
    expect(gone.turn).toEqual({ kind: 'refused', reason: 'caller_gone' });
  });
});
