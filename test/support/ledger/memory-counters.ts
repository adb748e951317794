import type { QuotaClaim } from '../../../src/policy/decision.ts';
import type { QuotaState } from '../../../src/ledger/port.ts';

/** The quota counters of the reference model: one number per quota, unit, counter and window, in a map. */
export interface MemoryCounters {
  state(claim: QuotaClaim): QuotaState;
  /** Takes the claims, whether they fit or not; what a refund would return, by counter. */
  charge(claims: readonly QuotaClaim[]): ReadonlyMap<string, number>;
  refund(charged: ReadonlyMap<string, number>): void;
  /** Of the claims that do not fit, the one with the longest wait; null when all fit. */
  unfitting(claims: readonly QuotaClaim[]): QuotaState | null;
  prune(at: number): void;
}

export function createMemoryCounters(now: () => number): MemoryCounters {
  const counters = new Map<string, { used: number; windowEnd: number }>();

  const windowEnd = (claim: QuotaClaim): number => now() - (now() % claim.windowMs) + claim.windowMs;
  const counterKey = (claim: QuotaClaim): string =>
    JSON.stringify([claim.quota, claim.unit, claim.counter, claim.windowMs, windowEnd(claim)]);
  const used = (claim: QuotaClaim): number => counters.get(counterKey(claim))?.used ?? 0;

  const state = (claim: QuotaClaim): QuotaState => ({
    quota: claim.quota,
    unit: claim.unit,
    limit: claim.limit,
    windowMs: claim.windowMs,
    remaining: Math.max(0, claim.limit - used(claim)),
    resetMs: windowEnd(claim) - now(),
    visible: claim.visible,
  });

  return {
    state,
    charge(claims) {
      const charged = new Map<string, number>();
      for (const claim of claims) {
        const key = counterKey(claim);
        counters.set(key, { used: used(claim) + claim.amount, windowEnd: windowEnd(claim) });
        charged.set(key, (charged.get(key) ?? 0) + claim.amount);
      }
      return charged;
    },
    refund(charged) {
      for (const [counter, amount] of charged) {
        const count = counters.get(counter);
        if (count !== undefined) count.used = Math.max(0, count.used - amount);
      }
    },
    /** A claim fits when it and those before it on the same counter stay within its limit. */
    unfitting(claims) {
      const over = claims.filter((claim, index) => {
        const asked = claims.slice(0, index + 1).filter((other) => counterKey(other) === counterKey(claim));
        return used(claim) + asked.reduce((sum, other) => sum + other.amount, 0) > claim.limit;
      });
      return over.map(state).toSorted((a, b) => b.resetMs - a.resetMs)[0] ?? null;
    },
    prune(at) {
      for (const [counter, count] of counters) if (count.windowEnd <= at) counters.delete(counter);
    },
  };
}
