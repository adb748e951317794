import type { Clock } from '../ports/clock.ts';

/**
 * How long something has been failing, and which of its failures deserve a line in the log: of each reason the 1st, the
 * 2nd, the 4th, the 8th … so that a day without a collector is two dozen lines, and another reason is told at once. A
 * reason's count outlives a success that is followed by the next failure soon, so that what fails every third time does
 * not fill the log either. Logs nothing itself.
 */
export interface FailureStreak<Reason extends string> {
  /** Notes one more failure. */
  failed(reason: Reason): { readonly failures: number; readonly shouldLog: boolean };
  /** Ends the run; null when there was none. `worthTelling` when one of its failures was. */
  succeeded(): { readonly failures: number; readonly failingMs: number; readonly shouldLog: boolean } | null;
  /** The run under way; null while all is well. */
  current(): Failing<Reason> | null;
}

export interface Failing<Reason extends string = string> {
  /** Of the latest failure. */
  readonly reason: Reason;
  /** When the first failure of the run was, milliseconds since the epoch. */
  readonly sinceMs: number;
  /** In a row. */
  readonly failures: number;
}

/** A reason that was not met for so long is news again. */
const FORGOTTEN_AFTER_MS = 10 * 60_000;

export function createFailureStreak<Reason extends string>(clock: Clock): FailureStreak<Reason> {
  const met = new Map<Reason, { times: number; lastMs: number }>();
  let run: Failing<Reason> | null = null;
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
      run = { reason, sinceMs: run?.sinceMs ?? nowMs, failures: (run?.failures ?? 0) + 1 };
      anyLogged ||= shouldLog;
      return { failures: run.failures, shouldLog };
    },
    succeeded() {
      if (run === null) return null;
      const ended = { failures: run.failures, failingMs: Math.max(0, clock.now() - run.sinceMs), shouldLog: anyLogged };
      run = null;
      anyLogged = false;
      return ended;
    },
    current: () => run,
  };
}
