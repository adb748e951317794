import type { ConnectionWish, PostgresConnection, PostgresPort, Run } from './postgres-port.ts';
import { quoted } from './schema.ts';

/**
 * Transactions of the ledger. All that a transaction relies on is set inside of it, for it alone: the path to the
 * tables, the time limits and how durable its commit is. So it does not matter which session of a pooler it gets, and
 * what the roles, the database or the server have as defaults.
 */
export interface TransactionLimits {
  readonly statementMs: number;
  /** For the head row, which a batch of another replica holds for a few milliseconds. */
  readonly lockMs: number;
  /** A process that is stopped in the middle of a transaction must not hold the head row any longer. */
  readonly idleMs: number;
}

/** What was lost in silence must be known early enough to be looked for while callers wait (ANSWER_WITHIN_MS). */
export const WRITE_LIMITS: TransactionLimits = { statementMs: 3_000, lockMs: 2_500, idleMs: 3_000 };
export const WRITE_ANSWER_MS = 3_500;
export const READ_LIMITS: TransactionLimits = { statementMs: 5_000, lockMs: 3_000, idleMs: 10_000 };
export const MIGRATION_LIMITS: TransactionLimits = { statementMs: 600_000, lockMs: 30_000, idleMs: 30_000 };

/** `on`: the commit waits for the local disk and for synchronous standbys. `remote_apply` is stronger and stays. */
const DURABLE = `CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END`;
/** `array_nulls`: a null in a parameter is one, and no text. `client_min_messages`: a commit in doubt says so (connections.ts). */
const SETTINGS = `SELECT set_config('search_path', $1, true), set_config('statement_timeout', $2, true),
  set_config('lock_timeout', $3, true), set_config('idle_in_transaction_session_timeout', $4, true),
  set_config('synchronous_commit', ${DURABLE}, true), set_config('jit', 'off', true),
  set_config('array_nulls', 'on', true), set_config('client_min_messages', 'warning', true)`;

/** Not awaited by the caller, so that its first statements travel along. */
export function beginWriting(run: Run, schema: string, limits = WRITE_LIMITS): Promise<unknown> {
  return Promise.all([run(`BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE`), setUp(run, schema, limits)]);
}

/** Everything that is read is of one moment. */
export function beginReading(run: Run, schema: string, limits = READ_LIMITS): Promise<unknown> {
  return Promise.all([run(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`), setUp(run, schema, limits)]);
}

function setUp(run: Run, schema: string, { statementMs, lockMs, idleMs }: TransactionLimits): Promise<unknown> {
  // The system's own schema comes first by itself, and what is temporary comes last.
  return run(SETTINGS, `${quoted(schema)}, pg_temp`, String(statementMs), String(lockMs), String(idleMs));
}

/**
 * Runs `work` with a connection, and gives it back once `work` has committed. Otherwise the connection is closed: the
 * server rolls back, whatever state the transaction is in.
 */
export async function withConnection<T>(
  port: PostgresPort,
  work: (connection: PostgresConnection) => Promise<T>,
  wish?: ConnectionWish,
): Promise<T> {
  const connection = await port.connect(wish);
  try {
    const result = await work(connection);
    connection.release();
    return result;
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

/** One read transaction. */
export function reading<T>(
  port: PostgresPort,
  schema: string,
  work: (run: Run) => Promise<T>,
  { limits, answerMs }: { readonly limits?: TransactionLimits; readonly answerMs?: number } = {},
): Promise<T> {
  const transaction = async (connection: PostgresConnection): Promise<T> => {
    const begun = beginReading(connection.run, schema, limits);
    const [, result] = await Promise.all([begun, work(connection.run)]);
    await connection.commit();
    return result;
  };
  return withConnection(port, transaction, { use: 'read', ...(answerMs === undefined ? {} : { answerMs }) });
}
