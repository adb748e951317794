import { describe, expect, it } from 'vitest';
import type { Permit, ConcurrencyLimit } from '../../../src/tasks/concurrency-limit.ts';
import { createConcurrencyLimit } from '../../../src/tasks/concurrency-limit.ts';
import { createFakeClock, promisesSettled } from '../../support/clock.ts';

const LIMITS = { maxConcurrent: 2, maxQueued: 2, queueTimeoutMs: 2_000 };
const STAYS = new AbortController().signal;

/** The results so far; undefined for a task that still waits. */
function watch(limit: ConcurrencyLimit, gone = STAYS): { permit: Permit | undefined } {
  const seen: { permit: Permit | undefined } = { permit: undefined };
  void limit.acquire(() => gone).then((permit) => (seen.permit = permit));
  return seen;
}

const release = ({ permit }: { permit: Permit | undefined }): void => {
  if (permit?.kind !== 'granted') throw new Error('no permit to release');
  permit.release();
};

describe('the concurrency limit', () => {
  it('lets as many work at once as there are places, and as many wait, and refuses the next at once', async () => {
    const limit = createConcurrencyLimit(LIMITS, createFakeClock());
    const all = Array.from({ length: 5 }, () => watch(limit));
    await promisesSettled();
    expect(all.map(({ permit }) => permit?.kind)).toEqual(['granted', 'granted', undefined, undefined, 'refused']);
    expect(all[4]?.permit).toEqual({ kind: 'refused', reason: 'queue_full' });
  });

  it('asks whether the caller has gone only when a task has to wait', async () => {
    const limit = createConcurrencyLimit({ ...LIMITS, maxConcurrent: 1 }, createFakeClock());
    const asked: number[] = [];
    for (const task of [1, 2]) {
      void limit.acquire(() => {
        asked.push(task);
        return STAYS;
      });
    }
    await promisesSettled();
    expect(asked).toEqual([2]);
  });

  it('gives a free place to whoever has waited longest, and the one after to the next', async () => {
    const limit = createConcurrencyLimit(LIMITS, createFakeClock());
    const [first, second, third, fourth] = [watch(limit), watch(limit), watch(limit), watch(limit)];
    await promisesSettled();
    release(second);
    await promisesSettled();
    expect([third.permit?.kind, fourth.permit?.kind]).toEqual(['granted', undefined]);
    release(first);
    await promisesSettled();
    expect(fourth.permit?.kind).toBe('granted');
  });

  it('has all its places again when everyone has left', async () => {
    const schedule = createFakeClock();
    const limit = createConcurrencyLimit(LIMITS, schedule);
    const crowd = Array.from({ length: 4 }, () => watch(limit));
    for (const one of crowd) {
      await promisesSettled();
      release(one);
    }
    const next = [watch(limit), watch(limit), watch(limit)];
    await promisesSettled();
    expect(next.map(({ permit }) => permit?.kind)).toEqual(['granted', 'granted', undefined]);
    expect(schedule.waitingMs).toEqual([2_000]);
  });

  it('counts a place that is given back twice once', async () => {
    const limit = createConcurrencyLimit(LIMITS, createFakeClock());
    const [first] = [watch(limit), watch(limit)];
    await promisesSettled();
    release(first);
    release(first);
    const next = [watch(limit), watch(limit)];
    await promisesSettled();
    expect(next.map(({ permit }) => permit?.kind)).toEqual(['granted', undefined]);
  });

  it('lets nobody wait longer than the limit, and takes no place for one who has left the queue', async () => {
    const schedule = createFakeClock();
    const limit = createConcurrencyLimit(LIMITS, schedule);
    const [first, , third] = [watch(limit), watch(limit), watch(limit)];
    await promisesSettled();
    schedule.advance(1_999);
    const fourth = watch(limit);
    await promisesSettled();
    expect(third.permit).toBeUndefined();
    schedule.advance(1);
    await promisesSettled();
    expect(third.permit).toEqual({ kind: 'refused', reason: 'waited_too_long' });
    release(first);
    await promisesSettled();
    expect(fourth.permit?.kind).toBe('granted');
    expect(schedule.waitingMs).toEqual([]);
  });

  it('lets a caller who goes away leave the queue to others', async () => {
    const schedule = createFakeClock();
    const limit = createConcurrencyLimit(LIMITS, schedule);
    const caller = new AbortController();
    const [first, , third, fourth] = [watch(limit), watch(limit), watch(limit, caller.signal), watch(limit)];
    await promisesSettled();
    caller.abort();
    await promisesSettled();
    expect(third.permit).toEqual({ kind: 'refused', reason: 'caller_gone' });
    release(first);
    await promisesSettled();
    expect(fourth.permit?.kind).toBe('granted');
    watch(limit);
    const gone = watch(limit, AbortSignal.abort());
    await promisesSettled();
    expect(gone.permit).toEqual({ kind: 'refused', reason: 'caller_gone' });
  });
});
