import { setImmediate } from 'node:timers';
import { createAppendedRecords } from '../../../audit/checkpoint/appended-records.ts';
import type { GuardedLedger } from '../../../audit/checkpoint/trail-guard.ts';
import { createBatchedLedger } from '../../../ledger/batched-ledger.ts';
import type { BatchFailure } from '../../../ledger/batched-ledger.ts';
import type { Ledger } from '../../../ledger/port.ts';
import { createFailureReport, reasonOf } from '../../../ledger/report-failures.ts';
import type { FailureReportDeps } from '../../../ledger/report-failures.ts';
import { createUnreadableReport } from '../../../ledger/report-unreadable.ts';
import { createSchemaCheck } from '../../../ledger/sqlite/schema.ts';
import { createSqliteLedger } from '../../../ledger/sqlite/sqlite-ledger.ts';
import type { SqliteLedger } from '../../../ledger/sqlite/sqlite-ledger.ts';
import { SqlError } from '../../../ledger/sqlite/sqlite-port.ts';
import { refuseBrokenTail } from '../../../ledger/sqlite/trail/trail.ts';
import { thrownName } from '../../../lib/thrown.ts';
import type { MachineClock } from '../../../ports/clock.ts';
import type { Ids } from '../../../ports/ids.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Metrics } from '../../../ports/metrics.ts';
import { sha256 } from '../runtime.ts';
import { createClockReports } from './clock-reports.ts';
import { openGuarded } from './ledger-guard.ts';

/**
 * The service's ledger on `node:sqlite`: one file, one process, one connection. It uses WAL with synchronous=FULL, so a
 * commit that has returned survives a power cut. Steps that arrive in consecutive turns of the event loop share one commit.
 * Opening takes the file's lock, checks the file, and refuses one that it does not understand. Every commit checks that
 * its schema is unchanged, and that its files are still the ones that a restart will find (ledger-guard.ts).
 */
export interface NodeLedger extends Ledger, Pick<SqliteLedger, 'now' | 'clockState'> {
  /** Commits the waiting steps, then closes the file and releases its lock. Later calls reject. */
  close(): Promise<void>;
}

export interface ServiceLedger extends NodeLedger, Pick<GuardedLedger, 'appended'> {
  /** Inspects the ledger's files. A service calls it every FILES_INTERVAL_MS, for the time without commits. */
  inspectFiles(): void;
}

export interface NodeLedgerDeps {
  /** A missing file is created. */
  readonly path: string;
  readonly clock: MachineClock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'count'>;
  /** Left out by tools: space is never low. */
  readonly isSpaceLow?: () => boolean;
}

/** How many records at the end of the trail are verified before anything is appended. */
export const TAIL_CHECK_RECORDS = 500;
/** How long a commit can be on a deleted log of an idle service before it is moved into the database file. */
export const FILES_INTERVAL_MS = 500;

/** Rejects with a sentence for the operator when the file cannot be used as the ledger. */
export async function openLedger(deps: NodeLedgerDeps): Promise<ServiceLedger> {
  const { path, clock, ids, logger, metrics, isSpaceLow = () => false } = deps;
  const guard = openGuarded({ path, logger, metrics });
  const { sqlite } = guard;
  try {
    const reportUnreadable = createUnreadableReport({ logger, metrics });
    const appended = createAppendedRecords();
    const core = createSqliteLedger({ sqlite, clock, ids, sha256, reportUnreadable, isSpaceLow, appended });
    refuseBrokenTail(sqlite, TAIL_CHECK_RECORDS);
    const reportClock = createClockReports(core.clockState, logger);
    reportClock();
    const ledger = createBatchedLedger({
      core,
      sqlite,
      check: createSchemaCheck(sqlite),
      storage: guard,
      defer: (next) => setImmediate(next),
      monotonic: () => clock.monotonic(),
      onFailure: reportTo({ clock, logger, metrics }),
    });
    let closed = false;
    return {
      ...ledger,
      async prune(retention) {
        const pruned = await ledger.prune(retention);
        reportClock();
        return pruned;
      },
      async witness(witness) {
        await ledger.witness(witness);
        reportClock();
      },
      now: core.now,
      clockState: core.clockState,
      appended,
      inspectFiles() {
        if (!closed) guard.inspect();
      },
      async close() {
        if (closed) return;
        closed = true;
        ledger.flush();
        guard.close();
      },
    };
  } catch (error) {
    guard.close();
    throw error;
  }
}

function reportTo(deps: FailureReportDeps): (failure: BatchFailure) => void {
  const reportFailure = createFailureReport(deps);
  return ({ kind, error, steps }) => {
    // Only names and codes are logged: a message may quote the data of the failed write.
    const resultCode = error instanceof SqlError ? error.resultCode : null;
    if (kind === 'read') {
      for (const step of steps) reportFailure(step, reasonOf(error), { result_code: resultCode });
      return;
    }
    for (const step of steps) deps.metrics.count('ledger_failures', { step });
    deps.logger.error('ledger_write_failed', {
      error: thrownName(error),
      result_code: resultCode,
      steps: steps.length,
    });
  };
}
