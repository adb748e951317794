import type { Schedule } from '../ports/schedule.ts';

/**
 * Somebody else's promise, waited for so long and no longer: a store that hangs holds up nobody. What it says later is
 * lost, and its failure is nobody's. Made anew for each wait, because a timer belongs to the event that set it.
 */
export const STORE_DEADLINE_MS = 2_000;

/** Rejects as `answer` does, or when there is none in time. */
export async function inTime<T>(answer: Promise<T>, schedule: Schedule): Promise<T> {
  const late = Promise.withResolvers<never>();
  const cancel = schedule.after(STORE_DEADLINE_MS, () => late.reject(new Error('no answer in time')));
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    cancel();
  }
}
