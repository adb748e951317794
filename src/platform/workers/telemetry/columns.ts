import { COUNTERS, DURATIONS, GAUGES } from '../../../ports/metrics.ts';
import type { DurationName, GaugeName, MetricName } from '../../../ports/metrics.ts';

/**
 * The columns of the Analytics Engine dataset. index1 and blob1 hold the name of the metric, blob2 and the following ones
 * its labels in the order of its row in ports/metrics, double1 the amount, the seconds or the level. The code that writes
 * data points and the queries of deploy/workers both take the positions from here.
 */
export type PointName = MetricName | DurationName | GaugeName;

const ROWS: Readonly<Record<PointName, { readonly labels: readonly string[] }>> = {
  ...COUNTERS,
  ...DURATIONS,
  ...GAUGES,
};

export const NAME_COLUMN = 'index1';
export const VALUE_COLUMN = 'double1';

/** The blobs of one data point. A label without a value is empty. */
export function blobsOf(name: PointName, labels: Readonly<Record<string, string>>): string[] {
  return [name, ...ROWS[name].labels.map((label) => labels[label] ?? '')];
}

/** The column of a label. Throws for a label that the metric does not have. */
export function labelColumn(name: PointName, label: string): string {
  const position = ROWS[name].labels.indexOf(label);
  if (position < 0) throw new Error(`${name} has no label ${label}`);
  return `blob${position + 2}`;
}
