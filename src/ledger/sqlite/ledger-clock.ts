import type { Clock, MachineClock } from '../../ports/clock.ts';
import { clockDoubtMs, hearWitness, startTime, timeAt, TOLERANCE_MS } from '../trusted-time.ts';
import type { ClockReadings, TrustedTime, Witness } from '../trusted-time.ts';
import { moveBack, moveForward } from './move-times.ts';
import type { SqlitePort } from './sqlite-port.ts';
import { readEnds } from './trail/trail.ts';
import type { TrailEnds } from './trail/trail.ts';

/**
 * The ledger's clock: trusted time (trusted-time.ts), stored in the ledger. A clock without a monotonic reading is one
 * that the platform keeps: it is trusted as it is. The state in memory changes with each witness. What it changes in
 * the ledger is written by the next writing step, in the transaction of that step, and again when that one was rolled
 * back.
 */
export interface LedgerClock {
  /** The ledger's time, in whole milliseconds since the epoch. */
  now(): number;
  /**
   * The ledger's time for writing steps. Moves stored times when it was corrected. `stored`: as the head row has it; the
   * caller writes the answer there, each value unless the stored one is later.
   */
  timeForWrite(stored: StoredTime): { readonly nowMs: number; readonly witnessedMs: number };
  witness(witness: Witness): void;
  /** A witness was believed, by this process or an earlier one. */
  isWitnessed(): boolean;
  state(): ClockState;
}

type StoredTime = Pick<TrailEnds, 'clockMs' | 'witnessedMs'>;

/** What operators see of the clock. */
export interface ClockState {
  /** How far the machine's clock is ahead of trusted time (behind: negative) while it is doubted; else 0. */
  readonly doubtMs: number;
  /** Trusted time at the last witness, in milliseconds since the epoch; null: none since the ledger was created. */
  readonly witnessedMs: number | null;
}

export function createLedgerClock(sqlite: SqlitePort, clock: Clock | MachineClock): LedgerClock {
  return 'monotonic' in clock ? createTrustedClock(sqlite, clock) : createPlatformClock(sqlite, clock);
}

function createPlatformClock(sqlite: SqlitePort, clock: Clock): LedgerClock {
  const now = (): number => Math.trunc(clock.now());
  return {
    now,
    timeForWrite({ clockMs: storedMs }) {
      const nowMs = now();
      if (storedMs > nowMs + TOLERANCE_MS) moveBack(sqlite, { storedMs, nowMs });
      return { nowMs, witnessedMs: nowMs };
    },
    witness: () => undefined,
    isWitnessed: () => true,
    state: () => ({ doubtMs: 0, witnessedMs: now() }),
  };
}

function createTrustedClock(sqlite: SqlitePort, clock: MachineClock): LedgerClock {
  const readings = (): ClockReadings => ({ machineMs: Math.trunc(clock.now()), monotonicMs: clock.monotonic() });
  const { clockMs: trustedMs, witnessedMs } = readEnds(sqlite);
  let time: TrustedTime = startTime({ trustedMs, witnessedMs }, readings());
  const now = (): number => timeAt(time, readings());

  return {
    now,
    timeForWrite(stored) {
      const nowMs = now();
      // Only what this process moved: another process may have stored a later time.
      if (time.hasMovedBack && stored.clockMs > nowMs + TOLERANCE_MS)
        moveBack(sqlite, { storedMs: stored.clockMs, nowMs });
      else {
        for (const move of time.forward) {
          if (move.toMs > (stored.witnessedMs ?? 0))
            moveForward(sqlite, move, { nowMs, witnessedMs: stored.witnessedMs });
        }
      }
      return { nowMs, witnessedMs: time.witnessedMs ?? 0 };
    },
    witness(witness) {
      time = hearWitness(time, witness, readings());
    },
    isWitnessed: () => time.witnessedMs !== null,
    state: () => ({ doubtMs: clockDoubtMs(time, readings()), witnessedMs: time.witnessedMs }),
  };
}
