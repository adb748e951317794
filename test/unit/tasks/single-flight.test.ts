import { describe, expect, it } from 'vitest';
import { createSingleFlight } from '../../../src/tasks/single-flight.ts';
import { createFakeClock } from '../../support/clock.ts';

/** A read that ends when the test ends it. */
function harness() {
  const schedule = createFakeClock();
  const reads: PromiseWithResolvers<string>[] = [];
  const read = createSingleFlight(
    () => {
      const begun = Promise.withResolvers<string>();
      reads.push(begun);
      return begun.promise;
    },
    { schedule, deadlineMs: 5_000, onTimeout: () => new Error('it does not answer') },
  );
  return { schedule, reads, read };
}

describe('a read that may hang', () => {
  it('keeps nobody longer than its deadline', async () => {
    const { schedule, read } = harness();
    const waiting = read();
    schedule.advance(5_000);
    await expect(waiting).rejects.toThrow('it does not answer');
  });

  it('is not begun again while it hangs, and is once it has ended', async () => {
    const { schedule, reads, read } = harness();
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
    const { schedule, reads, read } = harness();
    const waiting = read();
    reads[0]?.resolve('a token');
    await waiting;
    expect(schedule.waitingMs).toEqual([]);
  });
});
