import { COUNTERS, DURATIONS } from '../../../ports/metrics.ts';
import type { Metrics } from '../../../ports/metrics.ts';

/**
 * The metrics port on Workers: one Analytics Engine data point per count or observation (docs/deploy-workers.md has the
 * queries). Its columns follow the rows of ports/metrics: index1 and blob1 hold the name, blob2 and the following blobs
 * hold the labels in the order of their row, and double1 holds the amount or the seconds. Without the binding nothing
 * is measured. A failed write is ignored: the platform drops points beyond its limit, too.
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
      // There is no other place to report it.
    }
  };
  return {
    count: (name, labels = {}, amount = 1) => write(name, COUNTERS[name].labels, labels, amount),
    observe: (name, seconds, labels = {}) => write(name, DURATIONS[name].labels, labels, seconds),
  };
}
