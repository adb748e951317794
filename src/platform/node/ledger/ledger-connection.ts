import { renameSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { SqlitePort } from '../../../ledger/sqlite/sqlite-port.ts';
import { claim, isClaimed } from './claim.ts';
import { placeFault, stat } from './files/file-lock.ts';
import type { LedgerFile, PlaceFault } from './files/file-lock.ts';
import { LedgerFileError, ledgerFaultOf } from './files/locate.ts';
import { isMovedAway } from './files/moved-away.ts';
import { prepareLedgerDatabase, refuseForeignDatabase } from './pragmas.ts';
import { createNodeSqlite } from './sqlite.ts';
import { createWalWitness } from './files/wal-witness.ts';

/**
 * The service's connection to the ledger's file, and the checks that its files are the ones that a restart will find:
 * the database, its write-ahead log (`-wal`), the index of that log (`-shm`) and the lock file. SQLite itself never
 * looks at the paths again: it writes to deleted files without an error.
 */
export interface LedgerConnection {
  readonly sqlite: SqlitePort;
  /** The first fault of the files; null when there is none. Call it outside transactions. */
  inspect(): FileFault | null;
  /** Remembers the last commit for the next inspection. False when the log does not hold it. */
  remember(): boolean;
  /** Whether a new connection reads the end of the trail as this one does. */
  isReadableAnew(): boolean;
  /**
   * Moves the whole log into the database file, also a log that its path no longer names. A foreign file at that path
   * gets the ending `-displaced`: the next start would take it for the log. False when a reader prevents it.
   */
  moveLogIntoDatabase(): boolean;
  /** The end of the trail, for comparison. */
  end(): string;
  close(): void;
  /** Closes nothing in SQLite, because that would copy the log into the database. For a damaged log. */
  abandon(): void;
}

/** `damaged`: the content is gone or overwritten. `unreadable`: a new connection does not find the last commit. */
export const FILE_FAULTS = {
  database: ['missing', 'replaced', 'damaged'],
  wal: ['missing', 'replaced', 'damaged', 'unreadable'],
  shm: ['missing', 'replaced', 'damaged'],
  lock: ['missing', 'replaced'],
} as const satisfies Record<string, readonly (PlaceFault | 'damaged' | 'unreadable')[]>;

export type FilePart = keyof typeof FILE_FAULTS;

export interface FileFault {
  readonly part: FilePart;
  readonly problem: (typeof FILE_FAULTS)[FilePart][number];
}

/** Only a writing tool can lock the file, and the wait for it blocks every request. */
const BUSY_TIMEOUT_MS = 1000;
/** SQLite makes the index at least this large. Reading a smaller one ends the process with SIGBUS. */
const MIN_SHM_BYTES = 32_768n;

/**
 * Throws a sentence for the operator when the file cannot be used as the ledger. `file` stays locked. `mustBeAlone`: no
 * other connection may be open, as after a fault of the files: it would go on with other ones.
 */
export function connectLedger(file: LedgerFile, { mustBeAlone }: { readonly mustBeAlone: boolean }): LedgerConnection {
  const { path } = file;
  if (mustBeAlone) claim(file);
  let database = openDatabase(path);
  try {
    refuseMovedAway(database, path);
    if (!isClaimed(checkedSqlite(database), file)) {
      database.close();
      claim(file);
      database = openDatabase(path);
      if (!isClaimed(checkedSqlite(database), file))
        throw new Error(`the ledger ${path} is in use by another process; one ledger file serves one process`);
    }
    return watchedConnection(database, file);
  } catch (error) {
    if (database.isOpen) database.close();
    throw error;
  }
}

function refuseMovedAway(database: DatabaseSync, path: string): void {
  try {
    database.exec('PRAGMA schema_version');
  } catch (error) {
    if (ledgerFaultOf(error) !== 'not_a_database') return;
    database.close();
    // SQLite has closed the file, so that a look at it drops none of its locks.
    if (isMovedAway(path)) throw new LedgerFileError('moved_away', path, { cause: error });
    throw error;
  }
}

/** A file that another one has replaced since SQLite opened it is found by the first commit (`isReadableAnew`). */
function openedAs(path: string): BigIntStats {
  const found = stat(path);
  if (found === null) throw new Error(`the file ${path} was deleted while the ledger was opened`);
  return found;
}

function openDatabase(path: string): DatabaseSync {
  return new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
}

/** Before the claim, which writes: nothing is written to a database of something else. */
function checkedSqlite(database: DatabaseSync): SqlitePort {
  const sqlite = createNodeSqlite(database);
  refuseForeignDatabase(sqlite);
  return sqlite;
}

function watchedConnection(database: DatabaseSync, { path, lockFault }: LedgerFile): LedgerConnection {
  const sqlite = createNodeSqlite(database);
  prepareLedgerDatabase(sqlite);
  const walPath = `${path}-wal`;
  const databaseFile = openedAs(path);
  const shmFile = openedAs(`${path}-shm`);
  const wal = createWalWitness(walPath, sqlite);
  let databaseBytes = databaseFile.size;

  function databaseFault(): FileFault['problem'] | null {
    const found = stat(path);
    const fault = placeFault(databaseFile, found);
    if (fault !== null || found === null) return fault;
    // Only a checkpoint after VACUUM makes the file smaller, and then to its number of pages.
    if (found.size < databaseBytes && found.size < pageBytes()) return 'damaged';
    databaseBytes = found.size;
    return null;
  }

  function shmFault(): FileFault['problem'] | null {
    const found = stat(`${path}-shm`);
    const fault = placeFault(shmFile, found);
    return fault ?? ((found?.size ?? 0n) < MIN_SHM_BYTES ? 'damaged' : null);
  }

  const pageBytes = (): bigint => BigInt(pragma('page_count')) * BigInt(pragma('page_size'));
  const pragma = (name: string): number => Number(Object.values(sqlite.run(`PRAGMA ${name}`)[0] ?? {})[0]);

  const placeFaults: readonly (readonly [FilePart, () => FileFault['problem'] | null])[] = [
    ['database', databaseFault],
    ['wal', () => placeFault(wal.opened, stat(walPath))],
    ['shm', shmFault],
    ['lock', lockFault],
  ];

  return {
    sqlite,
    inspect() {
      // First, because all later checks may use the index.
      if (shmFault() === 'damaged') return { part: 'shm', problem: 'damaged' };
      if (!wal.isWhole()) return { part: 'wal', problem: 'damaged' };
      for (const [part, find] of placeFaults) {
        const problem = find();
        if (problem !== null) return { part, problem };
      }
      return null;
    },
    remember: () => wal.remember(),
    isReadableAnew() {
      const anew = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
      try {
        // A tool may commit meanwhile.
        const before = readEnd(sqlite);
        const end = readEnd(createNodeSqlite(anew));
        return end === before || end === readEnd(sqlite);
      } finally {
        anew.close();
      }
    },
    moveLogIntoDatabase() {
      if (placeFault(wal.opened, stat(walPath)) === 'replaced') renameSync(walPath, `${walPath}-displaced`);
      const [moved] = sqlite.run<{ busy: number; log: number; checkpointed: number }>('PRAGMA wal_checkpoint(PASSIVE)');
      return moved !== undefined && moved.busy === 0 && moved.log === moved.checkpointed;
    },
    end: () => readEnd(sqlite),
    close() {
      database.close();
      wal.close();
    },
    abandon: () => wal.close(),
  };
}

/** Each record changes the first row, and each probe the second. */
function readEnd(sqlite: SqlitePort): string {
  return JSON.stringify([...sqlite.run('SELECT * FROM head'), ...sqlite.run('SELECT writes FROM probe')]);
}
