/**
 * The metrics port on prom-client, with its own registry. Every metric is a row of ports/metrics.ts, and its name has
 * the prefix of the service. prom-client's default process metrics are included.
 */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { COUNTERS, DURATIONS, GAUGES } from '../../../ports/metrics.ts';
import type {
  CounterSeries,
  DurationName,
  DurationSeries,
  GaugeName,
  MetricName,
  Metrics,
  Sample,
} from '../../../ports/metrics.ts';

const PREFIX = 'galileo_invite_proxy_';
/**
 * A limit of a service level lies on a bucket, or its share is a guess: 0.1 and 0.25 s for reads, 1, 2.5 and 5 s for
 * invites, 15 s for the default of GALILEO_TIMEOUT_MS. The last one is beyond the longest invite: 2 s of waiting, 20 s at
 * Galileo, 5 s until its outcome is written.
 */
const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30];

type ReadGauge = () => readonly Sample[] | Promise<readonly Sample[]>;

export interface NodeMetrics extends Metrics {
  /** Calls `read` at each exposition. When it fails, this gauge is left out and the others are still exposed. */
  gauge(name: GaugeName, read: ReadGauge): void;
  /** Exposes these as 0 until they are counted, because `increase()` cannot see a series that begins with 1. */
  begin(counts: CounterSeries, observed: DurationSeries): void;
  /** The exposition text and its media type. */
  expose(): Promise<{ readonly contentType: string; readonly text: string }>;
}

export function createMetrics(): NodeMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counters = new Map(
    Object.entries(COUNTERS).map(([name, { help, labels }]) => [
      name as MetricName,
      new Counter({ name: `${PREFIX}${name}_total`, help, labelNames: labels, registers: [registry] }),
    ]),
  );
  const durations = new Map(
    Object.entries(DURATIONS).map(([name, { help, labels }]) => [
      name as DurationName,
      new Histogram({
        name: `${PREFIX}${name}_seconds`,
        help,
        labelNames: labels,
        buckets: BUCKETS_S,
        registers: [registry],
      }),
    ]),
  );
  return {
    count(name, labels = {}, amount = 1) {
      counters.get(name)?.inc(labels, amount);
    },
    observe(name, seconds, labels = {}) {
      durations.get(name)?.observe(labels, seconds);
    },
    gauge(name, read) {
      const { help, labels } = GAUGES[name];
      const gauge: Gauge = new Gauge({
        name: `${PREFIX}${name}`,
        help,
        labelNames: labels,
        registers: [registry],
        async collect() {
          const samples = await readOrNone(read);
          // No await from here on, so that two expositions at the same time do not mix their samples.
          gauge.reset();
          // A gauge without labels is reset to 0, which would be exposed as a sample.
          if (samples.length === 0 && labels.length === 0) gauge.remove({});
          for (const { labels: values, value } of samples) gauge.set(values, value);
        },
      });
    },
    begin(counts, observed) {
      for (const [name, combinations] of Object.entries(counts)) {
        if (combinations === 'as_they_come') continue;
        for (const labels of combinations) counters.get(name as MetricName)?.inc(labels, 0);
      }
      for (const [name, combinations] of Object.entries(observed)) {
        for (const labels of combinations) durations.get(name as DurationName)?.zero(labels);
      }
    },
    async expose() {
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

async function readOrNone(read: ReadGauge): Promise<readonly Sample[]> {
  try {
    return await read();
  } catch {
    return [];
  }
}
