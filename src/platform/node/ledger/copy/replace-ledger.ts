import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { SqlError } from '../../../../ledger/sqlite/sqlite-port.ts';
import { ledgerFaultOf } from '../files/locate.ts';
import { refuseForeignDatabase } from '../pragmas.ts';
import { createNodeSqlite, resultCodeOf } from '../sqlite.ts';
import type { DurableFiles } from './durable-files.ts';

/**
 * Puts a complete ledger file in the place of another one, and keeps the files of the other one under another name. The
 * caller holds the lock of the ledger, so no service starts meanwhile.
 *
 * Invariant: after each step the path names a complete ledger, the old one or the new one, so the process may be killed
 * anywhere. A write-ahead log beside a database that it does not belong to damages that database. Therefore the old log
 * is first moved into the old database, then removed, and only then the new file replaces the old one, in one rename.
 * SQLite's exclusive lock keeps every other program off the old files for the whole time: a tool that writes would create
 * another log.
 */
export interface Replacement {
  readonly path: string;
  /** The new ledger: one file without a log, in the same folder. */
  readonly restored: string;
  /** The name for the old files; each keeps its ending (`-wal`). */
  readonly keptAs: string;
  readonly files: DurableFiles;
}

/** The index of the log (`-shm`) holds nothing that SQLite cannot build again, and the lock file (`-lock`) stays. */
const KEPT_ENDINGS = ['', '-wal', '-journal'] as const;
const ENDINGS_OF_A_LOG = ['-wal', '-shm', '-journal'] as const;

/** The old files cannot be replaced now. The message is for the operator. */
export class ReplaceError extends Error {
  override readonly name = 'ReplaceError';
}

/** Returns the paths of the files that were kept. Throws a ReplaceError, or what a file operation throws. */
export function replaceLedger({ path, restored, keptAs, files }: Replacement): readonly string[] {
  const old = KEPT_ENDINGS.filter((ending) => sizeOf(path + ending) > 0);
  const kept = old.map((ending) => keptAs + ending);
  const found = stampsOf(path);
  // First, because SQLite deletes a log that it does not understand when it opens the database.
  for (const ending of old) keep(path + ending, keptAs + ending, files);
  const forget = (): void => kept.forEach((copy) => files.remove(copy));
  const held = sizeOf(path) === 0 ? null : holdAlone(path, forget);
  try {
    if (held !== null && stampsOf(path) !== found) {
      forget();
      throw new ReplaceError(`the ledger ${path} was written by another process; end it and restore again`);
    }
    if (held !== null) moveLogIntoDatabase(held);
    for (const ending of ENDINGS_OF_A_LOG) if (existsSync(path + ending)) files.remove(path + ending);
    files.rename(restored, path);
  } finally {
    held?.close();
  }
  return kept;
}

/** A copy that is not complete is removed. */
function keep(from: string, to: string, files: DurableFiles): void {
  if (existsSync(to)) throw new ReplaceError(`${to} is there already; nothing was changed`);
  try {
    files.copy(from, to);
  } catch (error) {
    files.remove(to);
    throw error;
  }
}

/** Differs when the database or its log was written in between. */
function stampsOf(path: string): string {
  return ['', '-wal']
    .map((ending) => statSync(path + ending, { bigint: true, throwIfNoEntry: false }))
    .map((found) => (found === undefined || found.size === 0n ? '' : `${found.size}/${found.mtimeNs}`))
    .join(' ');
}

/** Null when SQLite cannot read the old files: then there is no complete ledger to preserve in this place. */
function holdAlone(path: string, onRefused: () => void): DatabaseSync | null {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    refuseForeignDatabase(createNodeSqlite(database));
    return database;
  } catch (error) {
    database.close();
    // Its own error, which is a sentence for the operator, has no code of SQLite.
    if (error instanceof Error && !(error instanceof SqlError) && resultCodeOf(error) === null) {
      onRefused();
      throw new ReplaceError(error.message, { cause: error });
    }
    const fault = ledgerFaultOf(error);
    if (fault === 'damaged' || fault === 'not_a_database') return null;
    onRefused();
    const why = fault === 'busy' ? 'is open in another process; end it and restore again' : 'cannot be opened';
    throw new ReplaceError(`the ledger ${path} ${why}; nothing was changed`, { cause: error });
  }
}

/** Afterwards the database is complete without its log. */
function moveLogIntoDatabase(database: DatabaseSync): void {
  try {
    const [moved] = createNodeSqlite(database).run<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)');
    if (moved?.busy !== 0) throw new ReplaceError('the write-ahead log of the old ledger could not be moved into it');
  } catch (error) {
    if (error instanceof ReplaceError || ledgerFaultOf(error) !== 'damaged') throw error;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
