import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { ChangeReport } from '../../../../ledger/records/change-report.ts';
import { createSqliteLedger } from '../../../../ledger/sqlite/sqlite-ledger.ts';
import type { MachineClock } from '../../../../ports/clock.ts';
import type { Ids } from '../../../../ports/ids.ts';
import { lockLedgerFile } from '../files/file-lock.ts';
import { makeCommitsDurable } from '../pragmas.ts';
import { createNodeSqlite } from '../sqlite.ts';
import { asOwnerOf, ownerOf } from './as-owner.ts';
import { copyLedger, writeFaultOf } from './copy-ledger.ts';
import type { CopyProgress } from './copy-ledger.ts';
import type { DurableFiles } from './durable-files.ts';
import { replaceLedger } from './replace-ledger.ts';
import { isWholeDatabase } from './whole-database.ts';

/**
 * A restore: a copy of the backup is made beside the ledger, verified by the caller, gets its first record, and takes
 * the ledger's place in one step. When root runs it, it writes as the owner of the ledger: the service can then use the
 * files. From the beginning to the end it holds the service's lock of the ledger. The backup is not changed. A process
 * that is killed leaves the old ledger or the restored one in place, and perhaps an unfinished file
 * `LEDGER.restoring-…`.
 */
export interface UnfinishedRestore {
  /** The copy of the backup. */
  readonly path: string;
  /** The ledger's file: absolute, and not itself a symbolic link. */
  readonly ledger: string;
  isWhole(): boolean;
  /**
   * Brings the copy to the schema of this program, records the change, and puts it in the ledger's place. Returns the
   * paths of the old files. Throws a ReplaceError, a CopyWriteError, or what a file operation throws.
   */
  takePlace(report: ChangeReport, keptAs: string): readonly string[];
  /** Removes the copy, unless it took the ledger's place, and releases the lock. */
  end(): void;
}

export interface RestoreCall {
  readonly backup: string;
  /** The path of the ledger; it need not exist. */
  readonly ledger: string;
  /** Called once, with what ends the restore early. */
  readonly onCreated: (end: () => void) => void;
  readonly onProgress: (progress: CopyProgress) => void;
}

export interface RestoreDeps {
  readonly files: DurableFiles;
  readonly clock: MachineClock;
  readonly ids: Ids;
}

/** A backup and a ledger for which no restore begins. The message is for the operator. */
export class RestoreRefusedError extends Error {
  override readonly name = 'RestoreRefusedError';
}

/** Rejects with a RestoreRefusedError, a LedgerFileError (the backup) or a CopyWriteError. Nothing is changed then. */
export async function beginRestore(
  { backup, ledger, onCreated, onProgress }: RestoreCall,
  { files, clock, ids }: RestoreDeps,
): Promise<UnfinishedRestore> {
  const wasThere = statSync(ledger, { throwIfNoEntry: false }) !== undefined;
  const asOwner = asOwnerOf(ownerOf(ledger));
  const lock = asOwner(() => lockOf(ledger));
  const path = `${lock.path}.restoring-${ids.uuid7()}`;
  let isEnded = false;
  const end = (): void => {
    if (isEnded) return;
    isEnded = true;
    asOwner(() => {
      for (const ending of ['', '-wal', '-shm', '-journal']) files.remove(path + ending);
      // Locking makes an empty file where there was none. A restore that was refused leaves none.
      if (!wasThere && statSync(lock.path, { throwIfNoEntry: false })?.size === 0) files.remove(lock.path);
      lock.release();
    });
  };
  try {
    if (isSameFile(backup, lock.path)) throw new RestoreRefusedError(`${backup} is the ledger itself`);
    asOwner(() => files.create(path));
    onCreated(end);
    await copyLedger(backup, path, { asWriter: asOwner, onProgress });
  } catch (error) {
    end();
    throw error;
  }
  return {
    path,
    ledger: lock.path,
    isWhole: () => isWholeDatabase(path),
    takePlace(report, keptAs) {
      try {
        return asOwner(() => {
          appendTo(path, report, { clock, ids });
          files.sync(path);
          return replaceLedger({ path: lock.path, restored: path, keptAs, files });
        });
      } catch (error) {
        throw writeFaultOf(error) ?? error;
      }
    },
    end,
  };
}

function lockOf(ledger: string): ReturnType<typeof lockLedgerFile> {
  try {
    return lockLedgerFile(ledger);
  } catch (error) {
    const unwritten = writeFaultOf(error);
    if (unwritten?.code === 'ENOSPC') throw unwritten;
    // Its errors are sentences for the operator, but for those of the system.
    const message = error instanceof Error && !('code' in error) ? error.message : `${ledger} cannot be made or locked`;
    throw new RestoreRefusedError(message, { cause: error });
  }
}

function isSameFile(one: string, other: string): boolean {
  const found = statSync(one, { throwIfNoEntry: false });
  const { ino, dev } = statSync(other);
  return found?.ino === ino && found.dev === dev;
}

/** Afterwards the file is complete without a write-ahead log, because the last connection to it was closed. */
function appendTo(path: string, report: ChangeReport, { clock, ids }: Pick<RestoreDeps, 'clock' | 'ids'>): void {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    const sqlite = createNodeSqlite(database);
    makeCommitsDurable(sqlite);
    // Creation migrates the schema.
    const core = createSqliteLedger({ sqlite, clock, ids });
    sqlite.transaction(() => void core.recordChanges([report]));
  } finally {
    database.close();
  }
  if (statSync(`${path}-wal`, { throwIfNoEntry: false }) !== undefined)
    throw new RestoreRefusedError(`the write-ahead log of ${path} could not be moved into it`);
}
