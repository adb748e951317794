/**
 * The database port of the SQLite ledger: two synchronous methods that both `node:sqlite` and a Durable Object's
 * `storage.sql` can implement. The SQL above it is therefore plain: positional parameters, one statement per call, no
 * PRAGMA, no BEGIN or SAVEPOINT, no user-defined functions, and only integers below 2^53. (Both runtimes bind numbers
 * as REAL; STRICT INTEGER columns convert them back.)
 */
export interface SqlitePort {
  /** Runs one statement and returns all its rows. `R` is an unchecked assertion about their shape. Throws SqlError. */
  run<R extends SqlRow = SqlRow>(sql: string, ...params: readonly SqlValue[]): readonly R[];
  /** Runs `fn` in one write transaction: durable when it returns, rolled back when it throws. Never nested. */
  transaction<T>(fn: () => T): T;
}

export type SqlValue = string | number | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** The database refused or failed, whatever the operation. Any other error is the fault of one operation. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
  /** SQLite's extended result code; null when the platform does not expose it. */
  readonly resultCode: number | null;

  constructor(message: string, resultCode: number | null, options?: ErrorOptions) {
    super(message, options);
    this.resultCode = resultCode;
  }
}
