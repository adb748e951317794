import { hearWitness, startTime, timeAt } from '../../../src/ledger/trusted-time.ts';
import type { Move, Witness } from '../../../src/ledger/trusted-time.ts';
import type { MachineClock } from '../../../src/ports/clock.ts';

/** The ledger's clock of the reference model. Corrections of stored times wait for the next writing step. */
export interface MemoryClock {
  now(): number;
  witness(witness: Witness): void;
  isWitnessed(): boolean;
  /** The corrections that a writing step has to make first. */
  corrections(): Corrections;
}

export interface Corrections {
  /** How far the clock was moved back; null: it was not. */
  readonly backMs: number | null;
  readonly forward: readonly Move[];
  /** Trusted time at the last witness that a writing step has seen; null: there was none. */
  readonly sinceMs: number | null;
}

const FAR_MS = 30_000;

export function createMemoryClock(clock: MachineClock): MemoryClock {
  const readings = () => ({ machineMs: Math.trunc(clock.now()), monotonicMs: clock.monotonic() });
  let time = startTime({ trustedMs: 0, witnessedMs: null }, readings());
  let written = 0;
  let witnessed: number | null = null;
  const now = () => timeAt(time, readings());
  return {
    now,
    witness(witness) {
      time = hearWitness(time, witness, readings());
    },
    isWitnessed: () => time.witnessedMs !== null,
    corrections() {
      const isBack = time.hasMovedBack && written > now() + FAR_MS;
      const backMs = isBack ? written - now() : null;
      const sinceMs = witnessed;
      const forward = isBack ? [] : time.forward.filter(({ toMs }) => toMs > (sinceMs ?? 0));
      if (isBack) [written, witnessed] = [now(), now()];
      written = Math.max(written, now());
      if (time.witnessedMs !== null) witnessed = Math.max(witnessed ?? 0, time.witnessedMs);
      return { backMs, forward, sinceMs };
    },
  };
}
