import type { GaugeName, Metrics } from '../../../ports/metrics.ts';
import { blobsOf } from './columns.ts';
import type { PointName } from './columns.ts';

/**
 * The metrics port on Workers: one Analytics Engine data point per count, observation or level (docs/deploy-workers.md has
 * the queries, columns.ts the columns). Without the binding nothing is measured. A failed write is ignored: the platform
 * drops points beyond its limit, too.
 */
export interface MetricsDataset {
  writeDataPoint(point: { readonly indexes: string[]; readonly blobs: string[]; readonly doubles: number[] }): void;
}

export interface WorkersMetrics extends Metrics {
  /** Nobody reads levels here, so they are written when they are known. */
  gauge(name: GaugeName, value: number, labels?: Readonly<Record<string, string>>): void;
}

export function createMetrics(dataset: MetricsDataset | undefined): WorkersMetrics {
  const write = (name: PointName, value: number, labels: Readonly<Record<string, string>>): void => {
    try {
      dataset?.writeDataPoint({ indexes: [name], blobs: blobsOf(name, labels), doubles: [value] });
    } catch {
      // There is no other place to report it.
    }
  };
  return {
    count: (name, labels = {}, amount = 1) => write(name, amount, labels),
    observe: (name, seconds, labels = {}) => write(name, seconds, labels),
    gauge: (name, value, labels = {}) => write(name, value, labels),
  };
}
