/**
 * The state of the audit trail as levels: how far behind each sink is, and how much of the chain no checkpoint covers.
 * Read from the ledger at each exposition; while it cannot be read they are left out, so alert on their absence too.
 */
import type { Ledger } from '../../../ledger/port.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { NodeMetrics } from './metrics.ts';

export interface AuditMetricsDeps {
  readonly ledger: Pick<Ledger, 'backlog' | 'chain'>;
  /** Names of all sinks. */
  readonly sinks: readonly string[];
  readonly clock: Clock;
}

export function exposeAuditStatus(
  metrics: Pick<NodeMetrics, 'level'>,
  { ledger, sinks, clock }: AuditMetricsDeps,
): void {
  const backlogs = shared(() => ledger.backlog(sinks));
  const chain = shared(() => ledger.chain());

  metrics.level('audit_sink_backlog_records', async () =>
    (await backlogs()).map(({ sink, records }) => ({ labels: { sink }, value: records })),
  );
  metrics.level('audit_sink_lag_seconds', async () =>
    (await backlogs()).map(({ sink, oldestAt }) => ({
      labels: { sink },
      value: oldestAt === null ? 0 : Math.max(0, clock.now() - oldestAt) / 1000,
    })),
  );
  metrics.level('audit_checkpoint_timestamp_seconds', async () => {
    const { checkpoint } = await chain();
    return checkpoint === null ? [] : [{ labels: {}, value: checkpoint.madeAt / 1000 }];
  });
  metrics.level('audit_uncovered_records', async () => {
    const { head, checkpoint } = await chain();
    return [{ labels: {}, value: head.seq - (checkpoint?.count ?? 0) }];
  });
}

/** One read for all levels of an exposition. */
function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | null = null;
  return () => {
    underWay ??= read().finally(() => {
      underWay = null;
    });
    return underWay;
  };
}
