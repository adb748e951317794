import { setImmediate } from 'node:timers';
import { createBatchedLedger } from '../../../ledger/batched-ledger.ts';
import { createSchemaCheck, SCHEMA_VERSION } from '../../../ledger/sqlite/schema.ts';
import { createSqliteLedger } from '../../../ledger/sqlite/sqlite-ledger.ts';
import { refuseBrokenTail } from '../../../ledger/sqlite/trail/trail.ts';
import type { MachineClock } from '../../../ports/clock.ts';
import type { Ids } from '../../../ports/ids.ts';
import { makeCommitsDurable } from './pragmas.ts';
import { inSnapshot, LedgerFileError, locateLedger, openForWriting, readSchemaVersion } from './files/locate.ts';
import { TAIL_CHECK_RECORDS } from './open-ledger.ts';
import type { NodeLedger } from './open-ledger.ts';

/**
 * The ledger for a tool that makes one short write, beside a running service and without its lock, or at rest. SQLite
 * transactions keep the two writers apart; the service may wait for one commit of the tool. It never creates a file and
 * never migrates one. The service sees the write at its next read.
 */
const BUSY_TIMEOUT_MS = 5000;

/** Rejects with a sentence for the operator. */
export async function openSideWriter(
  path: string,
  { clock, ids }: { readonly clock: MachineClock; readonly ids: Ids },
): Promise<NodeLedger> {
  const place = await locateLedger(path);
  if (place === null) throw new LedgerFileError('absent', path);
  const { database, sqlite } = openForWriting(place, BUSY_TIMEOUT_MS);
  try {
    if (readSchemaVersion(sqlite) !== SCHEMA_VERSION) throw new LedgerFileError('other_schema', place.path);
    makeCommitsDurable(sqlite);
    inSnapshot(database, () => refuseBrokenTail(sqlite, TAIL_CHECK_RECORDS));
    const core = createSqliteLedger({ sqlite, clock, ids });
    // The caller of the failed step gets the error, and there is no other caller.
    const ledger = createBatchedLedger({
      core,
      sqlite,
      check: createSchemaCheck(sqlite),
      defer: (next) => setImmediate(next),
      monotonic: () => clock.monotonic(),
      onFailure: () => {},
    });
    return {
      ...ledger,
      now: core.now,
      clockState: core.clockState,
      async close() {
        ledger.flush();
        database.close();
      },
    };
  } catch (error) {
    database.close();
    throw error;
  }
}
