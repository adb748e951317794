import type { Schedule } from '../../ports/schedule.ts';
import { isTransient, PostgresError } from './postgres-port.ts';

/**
 * Tries a transaction again while the server cannot be reached: an idle connection was closed, or the server is restarted.
 * A transaction that may have been committed is not tried again.
 */
export type Retry = <T>(attempt: () => Promise<T>) => Promise<T>;

/** A restart or a failover takes about this long; callers wait meanwhile. */
export const RETRY_MS = 2_000;
export const FIRST_PAUSE_MS = 25;

export interface RetryDeps {
  readonly schedule: Schedule;
  /** Never steps. */
  readonly monotonic: () => number;
}

export function createRetry({ schedule, monotonic }: RetryDeps): Retry {
  return async (attempt) => {
    const startedMs = monotonic();
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      try {
        return await attempt();
      } catch (error) {
        const isOver = error instanceof PostgresError && error.fate === 'rolled_back';
        if (!isOver || !isTransient(error) || monotonic() - startedMs + pauseMs > RETRY_MS) throw error;
        await pause(schedule, pauseMs);
      }
    }
  };
}

export function pause(schedule: Schedule, ms: number): Promise<void> {
  return new Promise((resolve) => void schedule.after(ms, resolve));
}
