import type { SignInClaim, SignInClaimed, SignInEnd, SignInHold } from '../../../src/ledger/sign-in-hold.ts';

/** The reference model of sign-ins: one hold for each fingerprint. Shares no decision with the SQLite ledger. */
const HOUR_MS = 60 * 60_000;

export function createMemorySignIns() {
  const holds = new Map<string, { claim: string; reason: SignInHold['reason']; untilMs: number }>();

  function hold(fingerprint: string, now: number): SignInHold | null {
    const found = holds.get(fingerprint);
    if (found === undefined) return null;
    return { reason: found.reason, waitMs: Math.min(HOUR_MS, Math.max(0, found.untilMs - now)) };
  }

  return {
    hold,
    claim({ fingerprint, claim, leaseMs }: SignInClaim, now: number): SignInClaimed {
      const held = hold(fingerprint, now);
      const isTried = held?.reason === 'attempt' || held?.reason === 'retry';
      const isOwn = isTried && holds.get(fingerprint)?.claim === claim;
      if (held !== null && held.waitMs > 0 && !isOwn) return { kind: 'held', hold: held };
      const reason = held?.reason === 'refused' || held?.reason === 'retry' ? 'retry' : 'attempt';
      holds.set(fingerprint, { claim, reason, untilMs: now + Math.min(HOUR_MS, leaseMs) });
      return { kind: 'granted' };
    },
    end({ fingerprint, claim, hold: next }: SignInEnd, now: number): void {
      if (next?.reason !== 'refused' && holds.get(fingerprint)?.claim !== claim) return;
      if (next === null) holds.delete(fingerprint);
      else holds.set(fingerprint, { claim, reason: next.reason, untilMs: now + Math.min(HOUR_MS, next.forMs) });
    },
    move(byMs: number, sinceMs: number, now: number): void {
      for (const one of holds.values())
        if (one.untilMs >= sinceMs) one.untilMs = Math.min(one.untilMs + byMs, now + HOUR_MS);
    },
  };
}
