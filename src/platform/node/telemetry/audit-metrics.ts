/**
 * The gauges of the audit trail: how far behind each sink is, how many records no checkpoint covers, and whether the last
 * verification found the trail intact. They are read
 * from the ledger at each exposition. While the ledger cannot be read they are missing, so an alert should watch for
 * their absence too.
 */
import type { Checkpointer } from '../../../audit/checkpoint/checkpointer.ts';
import type { Ledger } from '../../../ledger/port.ts';
import type { Clock } from '../../../ports/clock.ts';
import { createSingleFlight } from '../../../tasks/single-flight.ts';
import type { NodeMetrics } from './metrics.ts';

export interface AuditMetricsDeps {
  readonly ledger: Pick<Ledger, 'backlog' | 'chain'>;
  /** The names of all sinks. */
  readonly sinks: readonly string[];
  readonly clock: Clock;
  /** What the last verification of the trail found. */
  readonly trailFault: Checkpointer['fault'];
}

export function exposeAuditStatus(
  metrics: Pick<NodeMetrics, 'gauge'>,
  { ledger, sinks, clock, trailFault }: AuditMetricsDeps,
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
  metrics.gauge('audit_trail_intact', async () => [{ labels: {}, value: trailFault() === null ? 1 : 0 }]);
  metrics.gauge('audit_uncovered_records', async () => {
    const { head, checkpoint } = await chain();
    return [{ labels: {}, value: head.seq - (checkpoint?.count ?? 0) }];
  });
}
