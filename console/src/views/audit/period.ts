/** The periods that the audit view offers, and what a chart of each is drawn by. Pure: the time of now comes in. */
export const PERIODS = ['day', 'week', 'month', 'quarter'] as const;
export type PeriodName = (typeof PERIODS)[number];

export interface Period {
  readonly from: string;
  readonly to: string;
  readonly step: 'hour' | 'day';
  /** Where each bar begins, in milliseconds, in order. */
  readonly bars: readonly number[];
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LENGTH_MS = { day: DAY_MS, week: 7 * DAY_MS, month: 30 * DAY_MS, quarter: 90 * DAY_MS } as const;

/** The period that ends with the current hour or day (UTC), so that its last bar is the one that still grows. */
export function periodOf(name: PeriodName, nowMs: number): Period {
  const step = name === 'day' ? 'hour' : 'day';
  const stepMs = step === 'hour' ? HOUR_MS : DAY_MS;
  const to = (Math.floor(nowMs / stepMs) + 1) * stepMs;
  const from = to - LENGTH_MS[name];
  const bars = Array.from({ length: LENGTH_MS[name] / stepMs }, (_, at) => from + at * stepMs);
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString(), step, bars };
}
