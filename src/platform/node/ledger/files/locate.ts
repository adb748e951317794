import { accessSync, closeSync, constants, openSync, readSync } from 'node:fs';
import { lstat, open as openFile, realpath } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { isOwnSchema, readSchema, SCHEMA_VERSION } from '../../../../ledger/sqlite/schema.ts';
import type { SqlitePort } from '../../../../ledger/sqlite/sqlite-port.ts';
import { SqlError } from '../../../../ledger/sqlite/sqlite-port.ts';
import { createNodeSqlite, resultCodeOf } from '../sqlite.ts';
import { isMovedAway } from './moved-away.ts';

/**
 * Finds and opens a ledger's file for tools, which are not the service: it never creates the file and takes no lock.
 * Reading changes nothing in the file. Reading a ledger at rest creates no file beside it either. Beside a ledger that
 * a crash left with a write-ahead log, SQLite may create the index of that log; the next start of the service uses it.
 */
export interface LedgerPlace {
  /** Absolute, and not itself a symbolic link. */
  readonly path: string;
  /** A running process holds the service's lock. */
  readonly inUse: boolean;
  readonly hasLog: boolean;
}

export type LedgerFault =
  | 'dangling_link'
  | 'not_a_file'
  | 'several_names'
  | 'not_readable'
  | 'log_not_readable'
  | 'log_missing'
  | 'not_a_database'
  | 'moved_away'
  | 'not_a_ledger'
  | 'foreign_schema'
  | 'ahead_of_trail'
  | 'foreign_journal'
  | 'damaged'
  | 'busy';

/** The file cannot be used. `reason` is the fault; the message adds the path. */
export class LedgerFileError extends Error {
  override readonly name = 'LedgerFileError';
  readonly reason: LedgerFault | 'absent' | 'other_schema' | 'moved';

  constructor(reason: LedgerFileError['reason'], path: string, options?: ErrorOptions) {
    super(`the ledger ${path} ${MESSAGES[reason]}`, options);
    this.reason = reason;
  }
}

const MESSAGES = {
  absent: 'is not there',
  dangling_link: 'is a symbolic link to nothing',
  not_a_file: 'is not a regular file',
  several_names: 'has several names (hard links)',
  not_readable: 'cannot be read by this user',
  log_not_readable:
    'has a write-ahead log (-wal), which can be read only in a folder that this user can write: read a backup (ledger backup), or, when no service runs, a copy of both files',
  log_missing:
    'holds no table: it is a copy without its write-ahead log (-wal), which has the records. Copy a ledger with ledger backup',
  not_a_database: 'is no database',
  moved_away: 'was moved to PostgreSQL: the text in its place says where to; set LEDGER_URL to it',
  not_a_ledger: 'is a database of something else',
  foreign_schema: 'holds a trigger, a view or a table that is not of this program',
  ahead_of_trail: 'has a cursor or a checkpoint ahead of the end of its trail',
  foreign_journal:
    'has a rollback journal beside it, which this program never leaves: a writer would undo changes with it',
  damaged: 'is damaged',
  busy: 'is locked by another process that writes to it',
  other_schema: 'has another schema than this program: use the version that the service runs',
  moved: 'was at rest and is in use now: what was read may be mixed, read it again',
} as const satisfies Record<LedgerFileError['reason'], string>;

const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** Null when there is no file, or only an empty one. Rejects with a LedgerFileError. */
export async function locateLedger(configuredPath: string): Promise<LedgerPlace | null> {
  const configured = resolve(configuredPath);
  const found = await stat(configured);
  if (found === null) return null;
  const path = found.isSymbolicLink() ? await realpath(configured).catch(() => null) : configured;
  if (path === null) throw new LedgerFileError('dangling_link', configured);
  const file = await stat(path);
  if (file === null || !file.isFile()) throw new LedgerFileError('not_a_file', path);
  if (file.nlink !== 1) throw new LedgerFileError('several_names', path);
  if (await isHotJournal(`${path}-journal`)) throw new LedgerFileError('foreign_journal', path);
  const hasLog = (await stat(`${path}-wal`)) !== null;
  if (file.size === 0 && !hasLog) return null;
  return { path, hasLog, inUse: isLocked(`${path}-lock`) };
}

/** No process uses the ledger, and none has left a write-ahead log. */
export function isAtRest({ inUse, hasLog }: LedgerPlace): boolean {
  return !inUse && !hasLog;
}

/** Opens the file for reading only. Throws a LedgerFileError. */
export function openReadOnly(place: LedgerPlace): { database: DatabaseSync; sqlite: SqlitePort } {
  const address = pathToFileURL(place.path);
  // An immutable database needs no shared memory file beside it.
  if (isAtRest(place)) address.searchParams.set('immutable', '1');
  return openAs(place, () => new DatabaseSync(address, { readOnly: true, timeout: 1000 }));
}

/** Opens an existing file for reading and writing; never creates one. Throws a LedgerFileError. */
export function openForWriting(
  place: LedgerPlace,
  busyTimeoutMs: number,
): { database: DatabaseSync; sqlite: SqlitePort } {
  const address = pathToFileURL(place.path);
  address.searchParams.set('mode', 'rw');
  return openAs(place, () => new DatabaseSync(address, { timeout: busyTimeoutMs }));
}

function openAs(place: LedgerPlace, open: () => DatabaseSync): { database: DatabaseSync; sqlite: SqlitePort } {
  const { path } = place;
  let database: DatabaseSync | null = null;
  try {
    database = open();
    const sqlite = createNodeSqlite(database);
    const tables = sqlite.run(`SELECT name FROM sqlite_schema WHERE name IN ('ledger_version', 'head', 'records')`);
    if (tables.length < 3) throw new LedgerFileError(lacksItsLog(place, sqlite) ? 'log_missing' : 'not_a_ledger', path);
    if (!inSnapshot(database, () => hasOwnSchema(sqlite))) throw new LedgerFileError('foreign_schema', path);
    return { database, sqlite };
  } catch (error) {
    database?.close();
    if (error instanceof LedgerFileError) throw error;
    const fault = ledgerFaultOf(error);
    if (fault === 'not_a_database' && isMovedAway(path))
      throw new LedgerFileError('moved_away', path, { cause: error });
    const isOfLog = fault === 'not_readable' && place.hasLog && [path, `${path}-wal`].every(isReadable);
    throw new LedgerFileError(isOfLog ? 'log_not_readable' : fault, path, { cause: error });
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where SQLite's header has the version for writers, and that of a database with a write-ahead log. */
const WRITE_VERSION = { at: 18, wal: 2 };

/** A database of one empty page that was written through a log: the log has everything, and is not here. */
function lacksItsLog({ path, hasLog }: LedgerPlace, sqlite: SqlitePort): boolean {
  if (hasLog || sqlite.run(`SELECT 1 FROM sqlite_schema LIMIT 1`).length > 0) return false;
  const header = Buffer.alloc(WRITE_VERSION.at + 1);
  const file = openSync(path, 'r');
  try {
    readSync(file, header, 0, header.length, 0);
  } finally {
    closeSync(file);
  }
  return header[WRITE_VERSION.at] === WRITE_VERSION.wal;
}

/** A newer schema cannot be checked here, so it passes: the callers check the version. */
function hasOwnSchema(sqlite: SqlitePort): boolean {
  const version = readSchemaVersion(sqlite);
  return version > SCHEMA_VERSION || isOwnSchema(readSchema(sqlite), version);
}

/** The ledger's schema version; see schema.ts. */
export function readSchemaVersion(sqlite: SqlitePort): number {
  return sqlite.run<{ version: number }>(`SELECT version FROM ledger_version`)[0]?.version ?? 0;
}

/** Runs `read` in one transaction, so that all it reads is of one moment even while a service writes. */
export function inSnapshot<T>(database: DatabaseSync, read: () => T): T {
  database.exec('BEGIN');
  try {
    return read();
  } finally {
    database.exec('ROLLBACK');
  }
}

/**
 * Whether SQLite would take the journal for the rest of a transaction, and write its pages back at the next write. The
 * reader of a ledger at rest would not see them. The service uses a write-ahead log, so such a journal is not its own.
 */
async function isHotJournal(path: string): Promise<boolean> {
  const file = await openFile(path).catch(() => null);
  if (file === null) return false;
  try {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(1), position: 0 });
    return bytesRead === 1 && buffer[0] !== 0;
  } finally {
    await file.close();
  }
}

/** A read is enough to find the service's exclusive lock, and so short that it hinders no start of the service. */
function isLocked(lockPath: string): boolean {
  let lock: DatabaseSync | null = null;
  try {
    lock = new DatabaseSync(lockPath, { readOnly: true, timeout: 0 });
    lock.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    return resultCodeOf(error) === SQLITE_BUSY;
  } finally {
    lock?.close();
  }
}

/** The fault of the file that an error of SQLite stands for. */
export function ledgerFaultOf(error: unknown): LedgerFault {
  // The low byte is the result code; the other bytes of an extended code only refine it.
  const code = error instanceof SqlError ? error.resultCode : resultCodeOf(error);
  // Not an error of SQLite itself: a value has another type or range than the service writes, or a row is missing.
  if (code === null) return 'damaged';
  switch (code & 0xff) {
    case SQLITE_BUSY:
      return 'busy';
    case SQLITE_CORRUPT:
      return 'damaged';
    case SQLITE_NOTADB:
      return 'not_a_database';
    default:
      return 'not_readable';
  }
}

async function stat(path: string): Promise<Stats | null> {
  return lstat(path).catch(() => null);
}
