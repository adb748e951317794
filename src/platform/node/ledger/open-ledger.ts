import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers';
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
import { refuseBrokenTail } from '../../../ledger/sqlite/trail.ts';
import { thrownName } from '../../../lib/thrown.ts';
import type { MachineClock } from '../../../ports/clock.ts';
import type { Ids } from '../../../ports/ids.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Metrics } from '../../../ports/metrics.ts';
import { createClockReports } from './clock-reports.ts';
import { prepareLedgerDatabase } from './pragmas.ts';
import { lockLedgerFile } from './file-lock.ts';
import { createNodeSqlite } from './sqlite.ts';

/**
 * The service's ledger on `node:sqlite`: one file, one process, one connection. It uses WAL with synchronous=FULL, so a
 * commit that has returned survives a power cut. All steps that arrive in one turn of the event loop share one commit.
 * Opening takes the file's lock, checks the file, and refuses one that it does not understand. Every commit first
 * checks that the file is still at its path and that its schema is unchanged.
 */
export interface NodeLedger extends Ledger, Pick<SqliteLedger, 'now' | 'clockState'> {
  /** Commits the waiting steps, then closes the file and releases its lock. Later calls reject. */
  close(): Promise<void>;
}

export interface NodeLedgerDeps {
  /** A missing file is created. */
  readonly path: string;
  readonly clock: MachineClock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'count'>;
}

/** How many records at the end of the trail are verified before anything is appended. */
export const TAIL_CHECK_RECORDS = 500;
/** Only a writing tool can lock the file, and the wait for it blocks every request. */
const BUSY_TIMEOUT_MS = 1000;

/** Rejects with a sentence for the operator when the file cannot be used as the ledger. */
export async function openLedger({ path, clock, ids, logger, metrics }: NodeLedgerDeps): Promise<NodeLedger> {
  const file = lockLedgerFile(path);
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(file.path, { timeout: BUSY_TIMEOUT_MS });
    const sqlite = createNodeSqlite(database);
    prepareLedgerDatabase(sqlite);
    const reportUnreadable = createUnreadableReport({ logger, metrics });
    const core = createSqliteLedger({ sqlite, clock, ids, reportUnreadable });
    refuseBrokenTail(sqlite, TAIL_CHECK_RECORDS);
    const reportClock = createClockReports(core.clockState, logger);
    reportClock();
    const checkSchema = createSchemaCheck(sqlite);
    const ledger = createBatchedLedger({
      core,
      sqlite,
      check() {
        checkSchema();
        file.checkPlace();
      },
      defer: (flush) => setImmediate(flush),
      onFailure: reportTo({ clock, logger, metrics }),
    });
    const open = database;
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
      async close() {
        if (closed) return;
        closed = true;
        ledger.flush();
        open.close();
        file.release();
      },
    };
  } catch (error) {
    database?.close();
    file.release();
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
