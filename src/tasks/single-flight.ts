import type { Schedule } from '../ports/schedule.ts';

/**
 * A read that may hang (a file system that does not answer) and cannot be called off: whoever waits for it is let go after
 * a while. Invariant: one such read at a time, because each holds a thread of the pool, and the pool has four.
 */
export interface BoundedReadOptions {
  readonly schedule: Schedule;
  readonly deadlineMs: number;
  /** What those get whom it kept waiting too long. */
  readonly late: () => Error;
}

export function createBoundedRead<T>(
  read: () => Promise<T>,
  { schedule, deadlineMs, late }: BoundedReadOptions,
): () => Promise<T> {
  let underWay: Promise<T> | null = null;
  return async function readInTime() {
    underWay ??= read().finally(() => (underWay = null));
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    const cancel = schedule.after(deadlineMs, () => reject(late()));
    return await Promise.race([underWay, tooLate]).finally(cancel);
  };
}
