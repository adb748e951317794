/** What the chart shows of the counts: three series over the bars of a period. Pure. */
import type { AuditCounts } from 'galileo-invite-client/audit';
import type { Period } from './period.ts';

export const SERIES = ['invited', 'refused', 'unknown'] as const;
export type SeriesName = (typeof SERIES)[number];

export type Bar = Readonly<Record<SeriesName, number>> & {
  readonly fromMs: number;
  /** Requests that were answered and only counted: the record does not say how each ended. */
  readonly suppressed: number;
};

/** Galileo's refusals and those of the policy and its quotas are one series. What was admitted is counted by its end. */
const SERIES_OF: Readonly<Record<string, SeriesName | 'suppressed'>> = {
  accepted: 'invited',
  denied: 'refused',
  refused: 'refused',
  unknown: 'unknown',
  suppressed: 'suppressed',
};

/** One bar for each step of the period, also where nothing was counted. */
export function barsOf(counts: AuditCounts | null, { bars }: Period): readonly Bar[] {
  const sums = new Map(bars.map((fromMs) => [fromMs, { fromMs, invited: 0, refused: 0, unknown: 0, suppressed: 0 }]));
  for (const { from, result, requests } of counts?.counts ?? []) {
    const sum = sums.get(Date.parse(from));
    const series = SERIES_OF[result];
    if (sum !== undefined && series !== undefined) sum[series] += requests;
  }
  return [...sums.values()];
}

export function totalsOf(bars: readonly Bar[]): Readonly<Record<SeriesName | 'suppressed', number>> {
  const total = { invited: 0, refused: 0, unknown: 0, suppressed: 0 };
  for (const bar of bars) for (const name of [...SERIES, 'suppressed'] as const) total[name] += bar[name];
  return total;
}

/** Round values for the axis from 0 to the first one that is not below `max`: at most five steps of 1, 2 or 5 times a power of ten. */
export function ticksTo(max: number): readonly number[] {
  const atLeast = Math.max(1, max);
  const power = 10 ** Math.floor(Math.log10(atLeast / 4));
  const step = Math.max(1, [1, 2, 5, 10].map((one) => one * power).find((one) => atLeast / one <= 4.5) ?? 10 * power);
  const count = Math.ceil(atLeast / step);
  return Array.from({ length: count + 1 }, (_, at) => at * step);
}
