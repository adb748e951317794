import type { SqlitePort } from '../../../ledger/sqlite/sqlite-port.ts';

/**
 * Checks and configures an open SQLite file before the ledger uses its tables. Afterwards the file is a ledger or
 * empty, it is undamaged, and every commit that returns is on disk (WAL with synchronous=FULL).
 */

/** 'GIPL': marks a SQLite file as a ledger. */
const APPLICATION_ID = 0x4749504c;
/** SQLite's own check reads the whole file; for larger files it would delay the start too long. */
const FULL_CHECK_MAX_BYTES = 64 * 1024 * 1024;

/** Throws a sentence for the operator when the file is neither a ledger nor empty. Writes nothing. */
export function refuseForeignDatabase(sqlite: SqlitePort): void {
  const applicationId = pragma(sqlite, 'application_id');
  const [tables] = sqlite.run<{ n: number }>(`SELECT count(*) AS n FROM sqlite_schema`);
  if (applicationId !== APPLICATION_ID && (applicationId !== 0 || tables?.n !== 0)) {
    throw new Error('the ledger path holds a database of something else');
  }
}

/** Throws a sentence for the operator when the file cannot be used. */
export function prepareLedgerDatabase(sqlite: SqlitePort): void {
  refuseForeignDatabase(sqlite);
  makeCommitsDurable(sqlite);
  pragma(sqlite, `application_id = ${APPLICATION_ID}`);
  const bytes = Number(pragma(sqlite, 'page_count')) * Number(pragma(sqlite, 'page_size'));
  if (bytes <= FULL_CHECK_MAX_BYTES && pragma(sqlite, 'quick_check(1)') !== 'ok')
    throw new Error('the ledger file is damaged: restore it from a backup');
}

/** Sets the pragmas of one connection. Throws when the file system does not support WAL. */
export function makeCommitsDurable(sqlite: SqlitePort): void {
  if (pragma(sqlite, 'journal_mode = WAL') !== 'wal')
    throw new Error('the file system of the ledger cannot do write-ahead logging');
  pragma(sqlite, 'synchronous = FULL');
  pragma(sqlite, 'trusted_schema = OFF');
  pragma(sqlite, 'cell_size_check = ON');
  // Deleted data is overwritten: the bodies of settled requests, and records past their retention.
  pragma(sqlite, 'secure_delete = ON');
}

/** The first column of the first row. */
function pragma(sqlite: SqlitePort, text: string): unknown {
  return Object.values(sqlite.run(`PRAGMA ${text}`)[0] ?? {})[0];
}
