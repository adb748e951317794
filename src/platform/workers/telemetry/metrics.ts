import { COUNTERS, DURATIONS } from '../../../ports/metrics.ts';
import type { Metrics } from '../../../ports/metrics.ts';

/**
 * The metrics port on Workers: one Analytics Engine data point per count or observation, with the rows of ports/metrics
 * as its columns (docs/deploy-workers.md has the queries). Without the binding nothing is measured. A meter that fails
 * changes nothing: the platform drops points beyond its limit, and so may we.
 *   index1 the name · blob1 the name · blob2… the labels, in the order of their row · double1 the amount, or the seconds
 */
export interface MetricsDataset {
  writeDataPoint(point: { readonly indexes: string[]; readonly blobs: string[]; readonly doubles: number[] }): void;
}

export function createMetrics(dataset: MetricsDataset | undefined): Metrics {
  const write = (
    name: string,
    order: readonly string[],
    labels: Readonly<Record<string, string>>,
    value: number,
  ): void => {
    try {
      dataset?.writeDataPoint({
        indexes: [name],
        blobs: [name, ...order.map((label) => labels[label] ?? '')],
        doubles: [value],
      });
    } catch {
      // Nowhere left to tell.
    }
  };
  return {
    count: (name, labels = {}, amount = 1) => write(name, COUNTERS[name].labels, labels, amount),
    observe: (name, seconds, labels = {}) => write(name, DURATIONS[name].labels, labels, seconds),
  };
}
