import { access, constants, lstat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SCHEMA_VERSION } from '../../ledger/sqlite/schema.ts';
import type { SqlitePort } from '../../ledger/sqlite/sqlite-port.ts';
import { reachesAhead, readEnds, verifyTail } from '../../ledger/sqlite/trail.ts';
import {
  ledgerFaultOf,
  LedgerFileError,
  locateLedger,
  openReadOnly,
  readSchemaVersion,
  inSnapshot,
} from '../../platform/node/ledger/locate.ts';
import type { LedgerPlace } from '../../platform/node/ledger/locate.ts';
import type { LedgerFacts } from './ledger-facts.ts';

/** Inspects a SQLite ledger file without changing it. It reports facts only; check-ledger judges them. */
const TAIL_RECORDS = 500;
/** The same limit as at the service's start: of a larger file, not every page is checked. */
const FULL_CHECK_MAX_BYTES = 64 * 1024 * 1024;

export async function inspectLedger(configuredPath: string): Promise<LedgerFacts> {
  try {
    const place = await locateLedger(configuredPath);
    if (place === null) return { kind: 'absent', creatable: await mayCreate(resolve(configuredPath)) };
    const writable = (await mayWrite(place.path)) && (await mayWrite(dirname(place.path)));
    return read(place, writable);
  } catch (error) {
    return unusable(error);
  }
}

/** Bytes free to users other than root, on the file system that holds or would hold `path`. Null when unknown. */
export async function freeBytes(path: string): Promise<number | null> {
  return statfs(await nearestFolder(resolve(path))).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => null,
  );
}

function read(place: LedgerPlace, writable: boolean): LedgerFacts {
  const { database, sqlite } = openReadOnly(place);
  try {
    if (!isWhole(sqlite)) return { kind: 'unusable', reason: 'damaged' };
    const { ends, tail } = inSnapshot(database, () => ({
      ends: readEnds(sqlite),
      tail: verifyTail(sqlite, TAIL_RECORDS),
    }));
    const schemaVersion = readSchemaVersion(sqlite);
    if (tail.kind === 'intact' && schemaVersion === SCHEMA_VERSION && reachesAhead(sqlite))
      return { kind: 'unusable', reason: 'ahead_of_trail' };
    return {
      kind: 'readable',
      inUse: place.inUse,
      writable,
      schemaVersion,
      records: ends.head.seq - ends.base.seq,
      tail,
      clockMs: ends.clockMs,
    };
  } finally {
    database.close();
  }
}

function isWhole(sqlite: SqlitePort): boolean {
  const pragma = (text: string): unknown => Object.values(sqlite.run(`PRAGMA ${text}`)[0] ?? {})[0];
  if (Number(pragma('page_count')) * Number(pragma('page_size')) > FULL_CHECK_MAX_BYTES) return true;
  return pragma('quick_check(1)') === 'ok';
}

function unusable(error: unknown): LedgerFacts {
  const reason = error instanceof LedgerFileError ? error.reason : ledgerFaultOf(error);
  switch (reason) {
    case 'absent':
    case 'other_schema':
    case 'moved':
      throw error;
    default:
      return { kind: 'unusable', reason };
  }
}

/** An empty file, which an interrupted start left behind, counts as absent. */
async function mayCreate(path: string): Promise<boolean> {
  const folder = await mayWrite(await nearestFolder(path));
  return folder && ((await isAbsent(path)) || (await mayWrite(path)));
}

async function nearestFolder(path: string): Promise<string> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (folder === dirname(folder) || !(await isAbsent(folder))) return folder;
  }
}

async function mayWrite(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

async function isAbsent(path: string): Promise<boolean> {
  return lstat(path).then(
    () => false,
    () => true,
  );
}
