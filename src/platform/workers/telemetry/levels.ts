import type { RecordService } from '../../../audit/record.ts';
import type { Ledger } from '../../../ledger/port.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { WorkersMetrics } from './metrics.ts';

/**
 * Writes the levels that only the ledger knows, once a run of the cron trigger: nobody reads them here, as a scrape does on
 * Node. A level that cannot be read is left out; the failed step is counted where it failed.
 */
export interface LevelsDeps {
  readonly metrics: Pick<WorkersMetrics, 'gauge'>;
  readonly ledger: Pick<Ledger, 'backlog' | 'chain' | 'countUnknown'>;
  /** The names of all sinks. */
  readonly sinks: readonly string[];
  readonly clock: Clock;
  readonly service: Pick<RecordService, 'version' | 'runtime'>;
}

export async function writeLevels({ metrics, ledger, sinks, clock, service }: LevelsDeps): Promise<void> {
  const { version, runtime } = service;
  metrics.gauge('build_info', 1, { version, runtime });
  await Promise.allSettled([
    ledger.countUnknown().then((unknown) => metrics.gauge('requests_unknown', unknown)),
    ledger.backlog(sinks).then((backlogs) => {
      for (const { sink, records, oldestAt } of backlogs) {
        const lagMs = oldestAt === null ? 0 : Math.max(0, clock.now() - oldestAt);
        metrics.gauge('audit_sink_backlog_records', records, { sink });
        metrics.gauge('audit_sink_lag_seconds', lagMs / 1000, { sink });
      }
    }),
    ledger.chain().then(({ head, checkpoint }) => {
      metrics.gauge('audit_uncovered_records', head.seq - (checkpoint?.count ?? 0));
      if (checkpoint !== null) metrics.gauge('audit_checkpoint_timestamp_seconds', checkpoint.madeAt / 1000);
    }),
  ]);
}
