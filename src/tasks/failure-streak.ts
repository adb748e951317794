import type { Clock } from '../ports/clock.ts';

/**
 * Counts failures in a row and decides which of them are logged: of each reason the 1st, 2nd, 4th, 8th, and so on, so
 * that a day without a collector makes two dozen lines and a new reason is logged at once. A reason's count outlives a
 * success that is soon followed by the next failure, so that what fails every third time does not fill the log either.
 * Logs nothing itself.
 */
export interface FailureStreak<Reason extends string> {
  /** Counts one more failure. */
  failed(reason: Reason): { readonly failures: number; readonly shouldLog: boolean };
  /** Ends the streak; null when there was none. `shouldLog` when one of its failures was logged. */
  succeeded(): { readonly failures: number; readonly failingMs: number; readonly shouldLog: boolean } | null;
  /** The current streak; null when the last try succeeded. */
  current(): Failing<Reason> | null;
}

export interface Failing<Reason extends string = string> {
  /** Of the latest failure. */
  readonly reason: Reason;
  /** When the first failure of the streak was, milliseconds since the epoch. */
  readonly sinceMs: number;
  /** In a row. */
  readonly failures: number;
}

/** A reason that has not occurred for so long is logged again from its first failure. */
const FORGOTTEN_AFTER_MS = 10 * 60_000;

export function createFailureStreak<Reason extends string>(clock: Clock): FailureStreak<Reason> {
  const met = new Map<Reason, { times: number; lastMs: number }>();
  let streak: Failing<Reason> | null = null;
  let anyLogged = false;

  function countOf(reason: Reason, nowMs: number): number {
    const before = met.get(reason);
    const times = before === undefined || nowMs - before.lastMs >= FORGOTTEN_AFTER_MS ? 1 : before.times + 1;
    met.set(reason, { times, lastMs: nowMs });
    return times;
  }

  return {
    failed(reason) {
      const nowMs = clock.now();
      const shouldLog = Number.isInteger(Math.log2(countOf(reason, nowMs)));
      streak = { reason, sinceMs: streak?.sinceMs ?? nowMs, failures: (streak?.failures ?? 0) + 1 };
      anyLogged ||= shouldLog;
      return { failures: streak.failures, shouldLog };
    },
    succeeded() {
      if (streak === null) return null;
      const ended = {
        failures: streak.failures,
        failingMs: Math.max(0, clock.now() - streak.sinceMs),
        shouldLog: anyLogged,
      };
      streak = null;
      anyLogged = false;
      return ended;
    },
    current: () => streak,
  };
}
