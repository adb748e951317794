/**
 * The gauges of the audit trail: how far behind each sink is, and how many records no checkpoint covers. They are read
 * from the ledger at each exposition. While the ledger cannot be read they are missing, so an alert should watch for
 * their absence too.
 */
import type { Ledger } from '../../../ledger/port.ts';
import type { Clock } from '../../../ports/clock.ts';
import { createSingleFlight } from '../../../tasks/single-flight.ts';
import type { NodeMetrics } from './metrics.ts';

export interface AuditMetricsDeps {
  readonly ledger: Pick<Ledger, 'backlog' | 'chain'>;
  /** The names of all sinks. */
  readonly sinks: readonly string[];
  readonly clock: Clock;
}

export function exposeAuditStatus(
  metrics: Pick<NodeMetrics, 'gauge'>,
  { ledger, sinks, clock }: AuditMetricsDeps,
): void {
  // One read for all gauges of an exposition.
  const backlogs = createSingleFlight(() => ledger.backlog(sinks));
  const chain = createSingleFlight(() => ledger.chain());

  metrics.gauge('audit_sink_backlog_records', async () =>
    (await backlogs()).map(({ sink, records }) => ({ labels: { sink }, value: records })),
  );
  metrics.gauge('audit_sink_lag_seconds', async () =>
    (await backlogs()).map(({ sink, oldestAt }) => ({
      labels: { sink },
      value: oldestAt === null ? 0 : Math.max(0, clock.now() - oldestAt) / 1000,
    })),
  );
  metrics.gauge('audit_checkpoint_timestamp_seconds', async () => {
    const { checkpoint } = await chain();
    return checkpoint === null ? [] : [{ labels: {}, value: checkpoint.madeAt / 1000 }];
  });
  metrics.gauge('audit_uncovered_records', async () => {
    const { head, checkpoint } = await chain();
    return [{ labels: {}, value: head.seq - (checkpoint?.count ?? 0) }];
  });
}
