/** How the figures of docs/performance.md are summed up and written. */
import { median } from '../growth/cpu-time.ts';

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** Three digits at most, with commas: 1,230, 45.6, 0.7. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  const rounded = value >= 1000 ? Number(value.toPrecision(3)) : Number(value.toFixed(digits));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: digits });
}

/** The median, and the lowest and highest behind it when there are several. */
export function withRange(values: readonly number[]): string {
  const { median: middle, least, most } = spreadOf(values);
  return values.length < 2 ? figure(middle) : `${figure(middle)} (${figure(least)}-${figure(most)})`;
}

/** 1,000,000 as 1M, for the axes. */
export function short(count: number): string {
  if (count >= 1e6) return `${figure(count / 1e6)}M`;
  return count >= 10_000 ? `${figure(count / 1000)}k` : figure(count);
}
