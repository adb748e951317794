/**
 * All that the SQLite ledger asks of a database: two synchronous methods that `node:sqlite` and a
 * Durable Object's `storage.sql` can both serve. The SQL above it stays plain for that reason:
 * positional parameters, one statement per call, no PRAGMA, no BEGIN or SAVEPOINT, no functions of
 * our own, whole numbers below 2^53 only (both runtimes bind numbers as REAL; STRICT INTEGER columns
 * turn them back).
 */
export interface SqlitePort {
  /** Runs one statement and returns all its rows. `R` is the caller's word for their shape, not a check. Throws SqlError. */
  run<R extends SqlRow = SqlRow>(sql: string, ...params: readonly SqlValue[]): readonly R[];
  /** Runs `fn` in one write transaction: durable when it returns, without trace when it throws. Never nested. */
  transaction<T>(fn: () => T): T;
}

export type SqlValue = string | number | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** The database refused or failed; says nothing about who asked. Anything else that is thrown is the fault of one operation. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
  /** SQLite's extended result code; null when the platform does not tell. */
  readonly resultCode: number | null;

  constructor(message: string, resultCode: number | null, options?: ErrorOptions) {
    super(message, options);
    this.resultCode = resultCode;
  }
}
