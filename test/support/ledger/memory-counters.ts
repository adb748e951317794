import type { QuotaCharge, ShortInvitee } from '../../../src/policy/decision.ts';
import type { QuotaState } from '../../../src/ledger/port.ts';

/** The quota counters of the reference model: one number per quota, unit, counter and window, in a map. */
export interface MemoryCounters {
  state(charge: QuotaCharge): QuotaState;
  /** Debits the charges, whether they fit or not. Returns the units that a refund gives back, by counter. */
  charge(charges: readonly QuotaCharge[]): ReadonlyMap<string, number>;
  refund(charged: ReadonlyMap<string, number>): void;
  /** Of the charges that do not fit, the one with the longest wait; null when all fit. */
  unfitting(charges: readonly QuotaCharge[]): QuotaState | null;
  /** The charges of invitees that do not fit. */
  unfittingInvitees(charges: readonly QuotaCharge[]): readonly ShortInvitee[];
  prune(endedBefore: number): void;
  /**
   * Adds the counters of all windows that end after `after` to the windows of now; not those that, moved, were over.
   */
  gather(after: number, by: number): void;
}

export function createMemoryCounters(now: () => number): MemoryCounters {
  const counters = new Map<string, { used: number; windowEnd: number }>();

  const windowEnd = (charge: QuotaCharge): number => now() - (now() % charge.windowMs) + charge.windowMs;
  const counterKey = (charge: QuotaCharge): string =>
    JSON.stringify([charge.quota, charge.unit, charge.counter, charge.windowMs, windowEnd(charge)]);
  const used = (charge: QuotaCharge): number => counters.get(counterKey(charge))?.used ?? 0;

  const state = (charge: QuotaCharge): QuotaState => ({
    quota: charge.quota,
    unit: charge.unit,
    limit: charge.limit,
    windowMs: charge.windowMs,
    remaining: Math.max(0, charge.limit - used(charge)),
    resetMs: windowEnd(charge) - now(),
    visible: charge.visible,
  });

  /** A charge fits when it and the earlier charges on the same counter stay within its limit. */
  const fits = (charge: QuotaCharge, index: number, charges: readonly QuotaCharge[]): boolean => {
    const asked = charges.slice(0, index + 1).filter((other) => counterKey(other) === counterKey(charge));
    return used(charge) + asked.reduce((sum, other) => sum + other.amount, 0) <= charge.limit;
  };

  return {
    state,
    charge(charges) {
      const charged = new Map<string, number>();
      for (const charge of charges) {
        const key = counterKey(charge);
        counters.set(key, { used: used(charge) + charge.amount, windowEnd: windowEnd(charge) });
        charged.set(key, (charged.get(key) ?? 0) + charge.amount);
      }
      return charged;
    },
    refund(charged) {
      for (const [counter, amount] of charged) {
        const count = counters.get(counter);
        if (count !== undefined) count.used = Math.max(0, count.used - amount);
      }
    },
    unfitting(charges) {
      const over = charges.filter((...one) => !fits(...one));
      return over.map(state).toSorted((a, b) => b.resetMs - a.resetMs)[0] ?? null;
    },
    unfittingInvitees(charges) {
      const over = charges.filter((...one) => !fits(...one) && !one[0].visible);
      return over.map((charge) => {
        const { quota, remaining, resetMs } = state(charge);
        return { quota, counter: charge.counter, remaining, resetMs };
      });
    },
    prune(endedBefore) {
      for (const [counter, count] of counters) if (count.windowEnd <= endedBefore) counters.delete(counter);
    },
    gather(after, by) {
      for (const [counter, { used: units, windowEnd: end }] of [...counters]) {
        const [quota, unit, name, windowMs] = JSON.parse(counter) as [string, string, string, number];
        const current = now() - (now() % windowMs) + windowMs;
        if (end <= after || end === current) continue;
        counters.delete(counter);
        if (end + by <= current - windowMs) continue;
        const key = JSON.stringify([quota, unit, name, windowMs, current]);
        counters.set(key, { used: units + (counters.get(key)?.used ?? 0), windowEnd: current });
      }
    },
  };
}
