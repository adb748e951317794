import type { Schedule } from '../ports/schedule.ts';

/**
 * Waits for a promise, but not longer than a deadline. The promise itself cannot be cancelled: its late result is
 * dropped and its late failure is ignored. Each call sets a timer of its own, because on Workers a timer belongs to one
 * event.
 */
export interface Deadline {
  readonly schedule: Schedule;
  readonly deadlineMs: number;
  /** The timeout error. */
  readonly onTimeout?: () => Error;
}

/** Settles as `promise` does, or rejects with the timeout error after `deadlineMs`. */
export async function withDeadline<T>(
  promise: Promise<T>,
  { schedule, deadlineMs, onTimeout = () => new Error('no answer in time') }: Deadline,
): Promise<T> {
  const timeout = Promise.withResolvers<never>();
  const cancel = schedule.after(deadlineMs, () => timeout.reject(onTimeout()));
  try {
    return await Promise.race([promise, timeout.promise]);
  } finally {
    cancel();
  }
}
