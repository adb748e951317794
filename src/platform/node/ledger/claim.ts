import { DatabaseSync } from 'node:sqlite';
import type { SqlitePort } from '../../../ledger/sqlite/sqlite-port.ts';
import type { LedgerFile } from './files/file-lock.ts';
import { resultCodeOf } from './sqlite.ts';

/**
 * Ties the lock file to the ledger itself. The ledger holds the mark of the lock file that its last service held
 * (`user_version` in its header). A service whose lock file has another mark must first have the ledger to itself: it
 * takes SQLite's exclusive lock on the ledger's own inode, which every open connection of any process prevents. So a
 * second service is refused after the lock file was deleted or replaced, and when the ledger is reached over a mount
 * that has another lock file beside it. A start with the lock file of the last service does not need this, so that a
 * tool that reads the ledger does not delay it.
 */
export function isClaimed(sqlite: SqlitePort, { lockMark }: LedgerFile): boolean {
  return sqlite.run<{ user_version: number }>('PRAGMA user_version')[0]?.user_version === lockMark;
}

const SQLITE_BUSY = 5;

/** Writes the mark. No connection of this process may be open. Throws when another process has the ledger open. */
export function claim({ path, lockMark }: LedgerFile): void {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    database.exec(`PRAGMA user_version = ${lockMark}`);
  } catch (error) {
    if (resultCodeOf(error) !== SQLITE_BUSY) throw error;
    throw new Error(
      `the ledger ${path} is open in another process, and its lock file is not the one of its last service: ` +
        `it is in use by another process, or a tool reads it; end that process and start again`,
      { cause: error },
    );
  } finally {
    database.close();
  }
}
