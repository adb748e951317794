import { describe, expect, it } from 'vitest';
import { withDeadline } from '../../../src/tasks/with-deadline.ts';
import { createFakeClock } from '../../support/clock.ts';

function harness(onTimeout?: () => Error) {
  const schedule = createFakeClock();
  const work = Promise.withResolvers<string>();
  const deadline = { schedule, deadlineMs: 5_000, ...(onTimeout === undefined ? {} : { onTimeout }) };
  return { schedule, work, result: withDeadline(work.promise, deadline) };
}

describe('a promise with a deadline', () => {
  it('gives its value when it is in time, and leaves no timer behind', async () => {
    const { schedule, work, result } = harness();
    schedule.advance(4_999);
    work.resolve('done');
    await expect(result).resolves.toBe('done');
    expect(schedule.waitingMs).toEqual([]);
  });

  it('rejects with its own error when it fails in time, and leaves no timer behind', async () => {
    const { schedule, work, result } = harness();
    work.reject(new Error('refused'));
    await expect(result).rejects.toThrow('refused');
    expect(schedule.waitingMs).toEqual([]);
  });

  it('rejects with the timeout error at the deadline, whatever becomes of it later', async () => {
    const { schedule, work, result } = harness(() => new RangeError('too late'));
    schedule.advance(5_000);
    await expect(result).rejects.toThrow(RangeError);
    // Unhandled, this would fail the run.
    work.reject(new Error('late'));
  });

  it('has a timeout error of its own when the caller gives none', async () => {
    const { schedule, result } = harness();
    schedule.advance(5_000);
    await expect(result).rejects.toThrow('no answer in time');
  });
});
