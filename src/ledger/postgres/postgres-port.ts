import { SqlError } from '../sqlite/sqlite-port.ts';

/**
 * The database port of the PostgreSQL ledger: connections that run one statement at a time, in order. Statements that
 * are not awaited travel together, in one round trip. The SQL above it needs nothing that outlives a transaction (no
 * session settings, no named statements, no LISTEN), so a pooler in transaction mode may stand in between.
 */
export interface PostgresPort {
  /** A connection of a pool. Rejects with a PostgresError when there is none in time. */
  connect(wish?: ConnectionWish): Promise<PostgresConnection>;
}

export interface ConnectionWish {
  /** `write` when left out. Readers have connections of their own: however many wait, what writes gets one. */
  readonly use?: 'read' | 'write';
  /** A statement whose answer takes longer ends the connection; left out, a few seconds. */
  readonly answerMs?: number;
}

export interface PostgresConnection extends PostgresRunner {
  /** Ends the transaction. Rejects with a PostgresError; `fate` tells whether it may have been committed. */
  commit(): Promise<void>;
  /** Gives the connection back. A connection that failed is closed instead. */
  release(): void;
  /** Closes the connection: a transaction that is still open is rolled back by the server. */
  destroy(): void;
}

export interface PostgresRunner {
  /** Runs one statement and returns its rows. `R` is an unchecked assertion about their shape. Rejects with a PostgresError. */
  run<R extends object = PostgresRow>(sql: string, ...params: readonly PostgresValue[]): Promise<readonly R[]>;
}

export type Run = PostgresRunner['run'];
export type PostgresValue =
  | string
  | number
  | boolean
  | null
  | readonly string[]
  | readonly (string | null)[]
  | readonly (number | null)[]
  | readonly boolean[];
export type PostgresRow = Readonly<Record<string, string | number | boolean | null>>;

/**
 * What became of the transaction in which the error arose. `rolled_back`: the server said so, or the commit had not been
 * sent. `unknown`: the commit was sent, and the connection ended without its answer.
 */
export type Fate = 'rolled_back' | 'unknown';

/** The message names only the SQLSTATE: that of the server may quote data of the failed statement. */
export class PostgresError extends SqlError {
  /** Null: the connection failed, and the server said nothing. */
  readonly sqlState: string | null;
  readonly fate: Fate;

  constructor(sqlState: string | null, fate: Fate, options?: ErrorOptions) {
    super(
      sqlState === null ? 'the connection to PostgreSQL failed' : `PostgreSQL refused (${sqlState})`,
      null,
      options,
    );
    this.sqlState = sqlState;
    this.fate = fate;
  }
}

/** The ledger has not answered within the time that its callers wait. A step that was under way may still be committed. */
export class LateLedgerError extends PostgresError {
  constructor() {
    super(null, 'unknown');
    this.message = 'PostgreSQL has not answered in time';
  }
}

/** A sentence for the operator: the database must not be written as it is. Thrown inside a transaction, which is rolled back. */
export class UnfitDatabaseError extends PostgresError {
  readonly reason: UnfitReason;

  constructor(reason: UnfitReason, message: string) {
    super(null, 'rolled_back');
    this.message = message;
    this.reason = reason;
  }
}

/** Stable names, for logs and `doctor`. */
export type UnfitReason =
  | 'fsync_off'
  | 'synchronous_commit_off'
  | 'not_utf8'
  | 'too_old'
  | 'read_only'
  | 'newer_schema'
  | 'older_schema'
  | 'no_privileges'
  | 'foreign_objects'
  | 'unlogged_table'
  | 'diverged'
  | 'no_ledger';

/** The first two characters of a SQLSTATE: the data of one step is at fault, and not the database. */
const FAULTS_OF_DATA = new Set(['21', '22', '23']);
/** The connection or the server goes away, or the transaction met another one. It may work at once on another connection. */
const TRANSIENT_CLASSES = new Set(['08']);
const TRANSIENT = new Set(['40001', '40P01', '55P03', '57P01', '57P02', '57P03', '57P05', '53300', '25P03', '25P04']);

export function isFaultOfData(error: unknown): boolean {
  return error instanceof PostgresError && error.sqlState !== null && FAULTS_OF_DATA.has(error.sqlState.slice(0, 2));
}

export function isTransient(error: unknown): boolean {
  if (!(error instanceof PostgresError) || error instanceof UnfitDatabaseError) return false;
  const { sqlState } = error;
  return sqlState === null || TRANSIENT.has(sqlState) || TRANSIENT_CLASSES.has(sqlState.slice(0, 2));
}
