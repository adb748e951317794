import type { MachineClock } from '../../ports/clock.ts';
import { TOLERANCE_MS } from '../trusted-time.ts';
import type { ClockState } from '../sqlite/ledger-clock.ts';

/**
 * The ledger's clock with PostgreSQL is the server's, which all replicas share. Each transaction asks it. Between
 * transactions this estimates it, by the time that has passed on the monotonic clock since the last reading.
 */
export interface DatabaseClock {
  /** Whole milliseconds since the epoch. */
  now(): number;
  /** What the server's clock says now. */
  note(nowMs: number): void;
  state(): ClockState;
}

export function createDatabaseClock(clock: MachineClock): DatabaseClock {
  let last: { readonly nowMs: number; readonly atMs: number } | null = null;
  const now = (): number =>
    last === null ? Math.trunc(clock.now()) : Math.floor(last.nowMs + Math.max(0, clock.monotonic() - last.atMs));
  return {
    now,
    note(nowMs) {
      last = { nowMs, atMs: clock.monotonic() };
    },
    state() {
      const leadMs = Math.trunc(clock.now()) - now();
      return { doubtMs: Math.abs(leadMs) <= TOLERANCE_MS ? 0 : leadMs, witnessedMs: last === null ? null : now() };
    },
  };
}
