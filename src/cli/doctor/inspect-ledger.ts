import { access, constants, lstat, realpath, statfs } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { readHead, verifyTail } from '../../ledger/journal.ts';
import type { SqlitePort } from '../../ledger/sqlite-port.ts';
import { SqlError } from '../../ledger/sqlite-port.ts';
import { createNodeSqlite, resultCodeOf } from '../../platform/node/sqlite.ts';
import type { LedgerFacts, LedgerFault } from './ledger-facts.ts';

/**
 * Looks at a SQLite ledger from outside: takes no lock that a starting service could run into and writes nothing to it.
 * Beside a ledger that is at rest it creates nothing either; beside one that a crash left with a log, SQLite may make the
 * log's index, which the next start takes over. Reports what it sees; what to make of it is check-ledger's.
 */
const TAIL_RECORDS = 500;
/** As at the service's own start: above this size the whole file is not read. */
const FULL_CHECK_MAX_BYTES = 64 * 1024 * 1024;
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

export async function inspectLedger(configuredPath: string): Promise<LedgerFacts> {
  const configured = resolve(configuredPath);
  const found = await stat(configured);
  if (found === null) return { kind: 'absent', creatable: await mayWrite(await nearestFolder(configured)) };
  const path = found.isSymbolicLink() ? await realpath(configured).catch(() => null) : configured;
  if (path === null) return unusable('dangling_link');
  const file = await stat(path);
  if (file === null || !file.isFile()) return unusable('not_a_file');
  if (file.nlink !== 1) return unusable('several_names');
  const writable = (await mayWrite(path)) && (await mayWrite(dirname(path)));
  // A start that was cut short, or a file that was touched into being: as good as none.
  if (file.size === 0 && (await stat(`${path}-wal`)) === null) return { kind: 'absent', creatable: writable };
  const inUse = isLocked(`${path}-lock`);
  try {
    return read(path, { inUse, writable, hasLog: (await stat(`${path}-wal`)) !== null });
  } catch (error) {
    return unusable(faultOf(error));
  }
}

/** What users other than root may still write on the file system that holds `path`, or would. */
export async function freeBytes(path: string): Promise<number | null> {
  return statfs(await nearestFolder(resolve(path))).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => null,
  );
}

interface Found {
  readonly inUse: boolean;
  readonly writable: boolean;
  readonly hasLog: boolean;
}

function read(path: string, { inUse, writable, hasLog }: Found): LedgerFacts {
  const address = pathToFileURL(path);
  // Without a log and a process at work nothing is in motion: then SQLite need not make its shared memory beside the file.
  if (!inUse && !hasLog) address.searchParams.set('immutable', '1');
  const database = new DatabaseSync(address, { readOnly: true, timeout: 1000 });
  try {
    const sqlite = createNodeSqlite(database);
    const tables = sqlite.run(`SELECT name FROM sqlite_schema WHERE name IN ('ledger_version', 'head', 'records')`);
    if (tables.length < 3) return unusable('not_a_ledger');
    if (!isWhole(sqlite)) return unusable('damaged');
    const [version] = sqlite.run<{ version: number }>(`SELECT version FROM ledger_version`);
    const { seq, clock_ms: clockMs } = readHead(sqlite);
    return {
      kind: 'readable',
      inUse,
      writable,
      schemaVersion: version?.version ?? 0,
      records: seq,
      tail: steadily(database, () => verifyTail(sqlite, TAIL_RECORDS)),
      clockMs,
    };
  } finally {
    database.close();
  }
}

/** Head and records from one moment, while a service may be writing. */
function steadily<T>(database: DatabaseSync, look: () => T): T {
  database.exec('BEGIN');
  try {
    return look();
  } finally {
    database.exec('ROLLBACK');
  }
}

function isWhole(sqlite: SqlitePort): boolean {
  const pragma = (text: string): unknown => Object.values(sqlite.run(`PRAGMA ${text}`)[0] ?? {})[0];
  if (Number(pragma('page_count')) * Number(pragma('page_size')) > FULL_CHECK_MAX_BYTES) return true;
  return pragma('quick_check(1)') === 'ok';
}

/** Reading is enough to meet the service's exclusive lock, and is over before a start could run into it. */
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

function faultOf(error: unknown): LedgerFault {
  // The low byte is the result code; the rest of an extended one only refines it.
  const code = (error instanceof SqlError ? error.resultCode : resultCodeOf(error)) ?? 0;
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

async function nearestFolder(path: string): Promise<string> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((await stat(folder)) !== null || folder === dirname(folder)) return folder;
  }
}

async function mayWrite(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

async function stat(path: string): Promise<Stats | null> {
  return lstat(path).catch(() => null);
}

function unusable(reason: LedgerFault): LedgerFacts {
  return { kind: 'unusable', reason };
}
