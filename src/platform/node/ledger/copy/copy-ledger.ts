import { backup } from 'node:sqlite';
import type { DatabaseSync } from 'node:sqlite';
import { SqlError } from '../../../../ledger/sqlite/sqlite-port.ts';
import { thrownCode } from '../../../../lib/thrown.ts';
import { isAtRest, LedgerFileError, ledgerFaultOf, locateLedger, openReadOnly } from '../files/locate.ts';
import type { LedgerPlace } from '../files/locate.ts';
import type { AsOwner } from './as-owner.ts';
import { resultCodeOf } from '../sqlite.ts';

/**
 * Copies a ledger with SQLite's online backup, beside a running service or at rest. The copy holds everything that was
 * committed when it began, also what is only in the write-ahead log, and nothing later: one read transaction lasts for
 * the whole copy. Without it each commit of the service would start the copy again. The write-ahead log of the service
 * grows meanwhile. Nothing is written to the source.
 */
export interface CopyProgress {
  /** Pages of the database. */
  readonly done: number;
  readonly total: number;
}

/** The target could not be written. `code` is the system's word for it, such as ENOSPC. */
export class CopyWriteError extends Error {
  override readonly name = 'CopyWriteError';
  readonly code: string;

  constructor(code: string, options?: ErrorOptions) {
    super(`the copy of the ledger could not be written (${code})`, options);
    this.code = code;
  }
}

export interface CopyOptions {
  /** Runs what writes to the target. The source is read as the user of this program. */
  readonly asWriter: AsOwner;
  readonly onProgress: (progress: CopyProgress) => void;
}

const PAGES_AT_A_TIME = 1_000;

/**
 * `target` is an empty file, which the copy fills. Rejects with a LedgerFileError for the source, and with a
 * CopyWriteError for the target.
 */
export async function copyLedger(source: string, target: string, { asWriter, onProgress }: CopyOptions): Promise<void> {
  const place = await locateLedger(source);
  if (place === null) throw new LedgerFileError('absent', source);
  const { database } = openReadOnly(place);
  try {
    database.exec('BEGIN');
    // The transaction begins with its first read.
    database.prepare('SELECT seq FROM head').get();
    await asWriter(() => copyPages(database, target, onProgress));
    database.exec('ROLLBACK');
  } catch (error) {
    throw faultOf(error, place);
  } finally {
    database.close();
  }
  if (isAtRest(place) && !(await isStillAtRest(source))) throw new LedgerFileError('moved', place.path);
}

async function copyPages(
  database: DatabaseSync,
  target: string,
  onProgress: (progress: CopyProgress) => void,
): Promise<void> {
  await backup(database, target, {
    rate: PAGES_AT_A_TIME,
    progress: ({ totalPages, remainingPages }) => onProgress({ done: totalPages - remainingPages, total: totalPages }),
  });
}

async function isStillAtRest(source: string): Promise<boolean> {
  const now = await locateLedger(source).catch(() => null);
  return now !== null && isAtRest(now);
}

/** SQLite's result codes that are about writing. A failed read of the source has IOERR too. */
const WRITE_FAULTS: Readonly<Record<number, string>> = { 8: 'EROFS', 10: 'EIO', 13: 'ENOSPC', 14: 'EACCES' };

function faultOf(error: unknown, { path }: LedgerPlace): Error {
  const written = writeFaultOf(error);
  if (written !== null) return written;
  return resultCodeOf(error) === null && error instanceof Error
    ? error
    : new LedgerFileError(ledgerFaultOf(error), path, { cause: error });
}

/** Null when the error of SQLite, or of a file operation, is not about a write. */
export function writeFaultOf(error: unknown): CopyWriteError | null {
  const sqlCode = error instanceof SqlError ? error.resultCode : resultCodeOf(error);
  const code = sqlCode === null ? thrownCode(error) : WRITE_FAULTS[sqlCode & 0xff];
  return code === null || code === undefined || !Object.values(WRITE_FAULTS).includes(code)
    ? null
    : new CopyWriteError(code, { cause: error });
}
