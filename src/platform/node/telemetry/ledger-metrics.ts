import type { DiskSpace } from '../ledger/files/disk-space.ts';
import type { NodeMetrics } from './metrics.ts';

/** The gauges of the ledger's disk, read at each exposition. Free space is missing where the file system does not say. */
export function exposeDiskSpace(
  metrics: Pick<NodeMetrics, 'gauge'>,
  space: Pick<DiskSpace, 'freeBytes' | 'minFreeBytes' | 'ledgerBytes'>,
): void {
  metrics.gauge('ledger_free_bytes', () => {
    const value = space.freeBytes();
    return value === null ? [] : [{ labels: {}, value }];
  });
  metrics.gauge('ledger_min_free_bytes', () => [{ labels: {}, value: space.minFreeBytes }]);
  metrics.gauge('ledger_size_bytes', () => [{ labels: {}, value: space.ledgerBytes() }]);
}
