import { describe, expect, it } from 'vitest';
import { createBoundedRead } from '../../../src/tasks/single-flight.ts';
import { createFakeSchedule } from '../../support/clock.ts';

/** A read that ends when the test says so. */
function bench() {
  const schedule = createFakeSchedule();
  const reads: PromiseWithResolvers<string>[] = [];
  const read = createBoundedRead(
    () => {
      const begun = Promise.withResolvers<string>();
      reads.push(begun);
      return begun.promise;
    },
    { schedule, deadlineMs: 5_000, late: () => new Error('it does not answer') },
  );
  return { schedule, reads, read };
}

describe('a read that may hang', () => {
  it('keeps nobody longer than its deadline', async () => {
    const { schedule, read } = bench();
    const waiting = read();
    schedule.advance(5_000);
    await expect(waiting).rejects.toThrow('it does not answer');
  });

  it('is not begun again while it hangs, and is once it has ended', async () => {
    const { schedule, reads, read } = bench();
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const waiting = read();
      schedule.advance(5_000);
      await expect(waiting).rejects.toThrow();
    }
    expect(reads).toHaveLength(1);
    reads[0]?.reject(new Error('EIO'));
    await expect(read()).rejects.toThrow('EIO');
    const next = read();
    reads[1]?.resolve('a token');
    expect(await next).toBe('a token');
  });

  it('leaves no timer behind', async () => {
    const { schedule, reads, read } = bench();
    const waiting = read();
    reads[0]?.resolve('a token');
    await waiting;
    expect(schedule.waitingMs).toEqual([]);
  });
});
