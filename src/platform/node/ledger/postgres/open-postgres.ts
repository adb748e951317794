import type { PostgresPlace } from '../../../../config/reading/postgres-url.ts';
import type { BatchFailure } from '../../../../ledger/batched-ledger.ts';
import { HEARTBEAT_MS } from '../../../../ledger/postgres/leases.ts';
import { PostgresError, UnfitDatabaseError } from '../../../../ledger/postgres/postgres-port.ts';
import { openPostgresLedger } from '../../../../ledger/postgres/postgres-ledger.ts';
import { createFailureReport, reasonOf } from '../../../../ledger/report-failures.ts';
import { withdrawIntent, WITHDRAWN_REASON } from '../../../../invite/settle/withdraw-intent.ts';
import { createUnreadableReport } from '../../../../ledger/report-unreadable.ts';
import { thrownName } from '../../../../lib/thrown.ts';
import type { MachineClock } from '../../../../ports/clock.ts';
import type { Ids } from '../../../../ports/ids.ts';
import type { Logger } from '../../../../ports/logger.ts';
import type { Metrics } from '../../../../ports/metrics.ts';
import type { Schedule } from '../../../../ports/schedule.ts';
import { runRecurring } from '../../../../tasks/recurring.ts';
import { sha256 } from '../../runtime.ts';
import { createClockReports } from '../clock-reports.ts';
import type { ServiceLedger } from '../open-ledger.ts';
import { createConnections } from './connections.ts';
import { accessTo } from './access.ts';
import type { PostgresAccess } from './access.ts';
import { failureSentence } from './failure-sentence.ts';

/**
 * The service's ledger in PostgreSQL. Opening it checks the server, creates or migrates the tables and verifies the end of
 * the trail. Each failure is logged by names and codes only, because messages of a server quote data.
 */
export interface PostgresServiceDeps extends PostgresAccess {
  readonly place: PostgresPlace;
  readonly clock: MachineClock;
  readonly schedule: Schedule;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'count'>;
}

/** Of one replica (docs/deploy-node.md). */
export const MAX_CONNECTIONS = 10;
const CLOCK_INTERVAL_MS = 10_000;

/** Rejects with a sentence for the operator when the database cannot be used as the ledger. */
export async function openPostgres(deps: PostgresServiceDeps): Promise<Omit<ServiceLedger, 'inspectFiles'>> {
  const { place, clock, schedule, ids, logger, metrics } = deps;
  const connections = createConnections({ ...(await accessTo(place, deps)), maxConnections: MAX_CONNECTIONS });
  try {
    const ledger = await openPostgresLedger({
      ...{ port: connections, schema: place.schema, clock, schedule, ids, sha256 },
      reportUnreadable: createUnreadableReport({ logger, metrics }),
      withdrawals: {
        settlementOf: withdrawIntent,
        onSettled({ requestId, record }) {
          metrics.count('invite_endings', { ending: 'not_sent', reason: WITHDRAWN_REASON });
          logger.warn('intent_withdrawn', { request_id: requestId, trace_id: record.trace_id });
        },
      },
      onFailure: reportTo({ clock, logger, metrics, place }),
    });
    const reportClock = createClockReports(ledger.clockState, logger);
    reportClock();
    const stopClock = runRecurring(CLOCK_INTERVAL_MS, async () => reportClock(), { schedule, logger });
    // What the database refuses is logged by the steps of requests and by the delivery.
    const heartbeat = (): Promise<void> => ledger.heartbeat().catch(() => undefined);
    const stopHeartbeat = runRecurring(HEARTBEAT_MS, heartbeat, { schedule, logger });
    return {
      ...ledger,
      async close() {
        await Promise.all([stopClock(), stopHeartbeat()]);
        await ledger.idle();
        // Where it fails, another replica takes over when the time is up.
        await ledger.retire().catch(() => undefined);
        await connections.close();
      },
    };
  } catch (error) {
    await connections.close();
    throw new Error(`LEDGER_URL ${failureSentence(error, place)}`, { cause: error });
  }
}

function reportTo(
  deps: Pick<PostgresServiceDeps, 'clock' | 'logger' | 'metrics' | 'place'>,
): (failure: BatchFailure) => void {
  const reportFailure = createFailureReport(deps);
  return ({ kind, error, steps }) => {
    const about =
      error instanceof PostgresError
        ? { sql_state: error.sqlState, problem: `LEDGER_URL ${failureSentence(error, deps.place)}` }
        : { sql_state: null };
    if (kind === 'read') {
      for (const step of steps) reportFailure(step, reasonOf(error), about);
      return;
    }
    for (const step of steps) deps.metrics.count('ledger_failures', { step });
    deps.logger.error('ledger_write_failed', {
      error: thrownName(error),
      ...about,
      ...(error instanceof UnfitDatabaseError ? { reason: error.reason } : {}),
      steps: steps.length,
    });
  };
}
