import { expect } from 'vitest';
import type { Config } from '../../src/config/load.ts';
import { counterSeries } from '../../src/metric-series.ts';
import { NODE_SERIES } from '../../src/platform/node/telemetry/node-series.ts';
import type { MetricName } from '../../src/ports/metrics.ts';

export interface Counted {
  readonly name: MetricName;
  readonly labels: Readonly<Record<string, string>>;
}

/** Only where the platform counts requests per address, which Node does not. */
const NOT_ON_NODE = new Set(['requests_shed bulkhead=all,reason=burst']);

/** Everything that was counted is a series that a fresh service exposes as 0. */
export function checkSeries(counted: readonly Counted[], config: Config): void {
  const series = counterSeries(config, NODE_SERIES);
  const known = new Set(
    Object.entries(series).flatMap(([name, combinations]) =>
      combinations === 'as_they_come' ? [] : combinations.map((labels) => seriesName(name, labels)),
    ),
  );
  const unknown = counted
    .filter(({ name }) => series[name] !== 'as_they_come')
    .map(({ name, labels }) => seriesName(name, labels))
    .filter((one) => !known.has(one) && !NOT_ON_NODE.has(one));
  expect([...new Set(unknown)], 'counted, and not in src/metric-series.ts').toEqual([]);
}

function seriesName(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map((pair) => pair.join('='));
  return `${name} ${pairs.toSorted().join(',')}`;
}
