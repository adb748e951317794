import { CLOCK_TOLERANCE_S } from '../../../auth/token/claims.ts';
import type { Diagnosis } from '../check.ts';
import { failed, ok, skipped, warning } from '../check.ts';

/**
 * Doctor's check that this machine's clock agrees with the clocks of the issuers and of Galileo. Token lifetimes,
 * quotas and the times in records depend on it. Pure: the probes supply the differences.
 */
export interface SeenClock {
  /** The owner of the clock: `issuer corp`, `Galileo`. */
  readonly name: string;
  /** From `probe`; null when the answer had no usable `Date`. */
  readonly aheadMs: number | null;
}

const WARN_MS = 5000;

export function clockFinding(seen: readonly SeenClock[]): Diagnosis {
  const reported = seen.flatMap(({ name, aheadMs }) => (aheadMs === null ? [] : [{ name, aheadMs }]));
  const worst = reported.toSorted((a, b) => Math.abs(b.aheadMs) - Math.abs(a.aheadMs))[0];
  if (worst === undefined) return skipped('no answer said what time it is');
  const details = Object.fromEntries(reported.map(({ name, aheadMs }) => [name, aheadMs]));
  const offMs = Math.abs(worst.aheadMs);
  if (offMs <= WARN_MS) return ok(`agrees with ${reported.map(({ name }) => name).join(', ')}`, { details });
  const agreeing = reported.filter(({ aheadMs }) => Math.abs(aheadMs) <= WARN_MS).map(({ name }) => name);
  const seconds = Math.round(offMs / 1000);
  const message = `is ${seconds} s ${worst.aheadMs > 0 ? 'ahead of' : 'behind'} ${worst.name}`;
  const remedy =
    agreeing.length === 0
      ? 'Synchronise this machine (NTP, chrony); a container has the clock of its host.'
      : `It agrees with ${agreeing.join(', ')}, so the other clock is probably wrong: inform its operators.`;
  return offMs > CLOCK_TOLERANCE_S * 1000
    ? failed(`${message}: good tokens may be refused and expired ones accepted`, remedy, { details })
    : warning(message, remedy, { details });
}
