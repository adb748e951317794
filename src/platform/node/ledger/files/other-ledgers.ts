import { readdir } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { DEFAULT_LEDGER_PATH } from '../../../../config/reading/ledger-url.ts';
import { readEnds } from '../../../../ledger/sqlite/trail/trail.ts';
import { stat } from './file-lock.ts';
import { locateLedger, openReadOnly } from './locate.ts';
import type { LedgerPlace } from './locate.ts';

/**
 * Finds ledgers with records where a ledger that starts empty may have been before: beside it, at the default place,
 * and where a volume mounted one folder higher or lower, or another working directory, would have put it. It changes
 * nothing. A ledger that another service uses now is not one that was lost, so it does not count.
 */
const LEDGER_NAME = /\.(?:db|sqlite3?)$/i;
/** A folder with more files is none that was made for a ledger. */
const MAX_FILES = 200;

/** Says what a start with a new ledger means while another one is there. */
export const STARTS_EMPTY =
  'a new ledger begins although another one with records is there: quotas, idempotency keys and records of that one are ' +
  'not in it. Check LEDGER_URL and what is mounted; doctor names the other ledger';

const PROGRAM = join(import.meta.dirname, '../../../..');

/** Whether no record is at the path. False when the file cannot be read: then its own fault is reported. */
export async function startsEmpty(path: string): Promise<boolean> {
  try {
    const place = await locateLedger(path);
    return place === null || (!place.inUse && !place.hasLog && !holdsRecords(place));
  } catch {
    return false;
  }
}

/** Absolute paths, without the ledger itself. Never rejects. */
export async function otherLedgers(configuredPath: string): Promise<readonly string[]> {
  const path = resolve(configuredPath);
  const own = await locateLedger(path).catch(() => null);
  const found = new Set<string>();
  for (const candidate of await candidatesFor(configuredPath, path)) {
    const place = await locateLedger(candidate).catch(() => null);
    if (place !== null && !place.inUse && place.path !== path && place.path !== own?.path && isLedger(place)) {
      found.add(place.path);
    }
  }
  return [...found];
}

async function candidatesFor(configuredPath: string, path: string): Promise<readonly string[]> {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  return [
    ...(names.length > MAX_FILES
      ? []
      : names.filter((name) => LEDGER_NAME.test(name)).map((name) => join(folder, name))),
    resolve(DEFAULT_LEDGER_PATH),
    join(folder, '..', basename(path)),
    join(folder, 'data', basename(path)),
    ...(isAbsolute(configuredPath) ? [] : [resolve(PROGRAM, configuredPath)]),
  ];
}

function isLedger(place: LedgerPlace): boolean {
  // Opening one that a crash left with its log would create a file beside it. Its lock file tells whose it is.
  if (place.hasLog) return stat(`${place.path}-lock`) !== null;
  try {
    return holdsRecords(place);
  } catch {
    return false;
  }
}

/** Throws a LedgerFileError when it is not a ledger. */
function holdsRecords(place: LedgerPlace): boolean {
  const { database, sqlite } = openReadOnly(place);
  try {
    return readEnds(sqlite).head.seq > 0;
  } finally {
    database.close();
  }
}
