/**
 * The PostgreSQL port over PGlite, which is PostgreSQL in WebAssembly inside this process: its real parser, planner and
 * executor, without a server to install. It has one session, so the transactions of all connections follow one another. What
 * happens when they meet, when a connection is cut or a server fails, and what is durable, only test/e2e/postgres can show.
 */
import { PGlite } from '@electric-sql/pglite';
import type { PostgresConnection, PostgresPort } from '../../../src/ledger/postgres/postgres-port.ts';
import { PostgresError } from '../../../src/ledger/postgres/postgres-port.ts';

export interface PglitePort extends PostgresPort {
  close(): Promise<void>;
}

const INT8 = 20;

/** As a role or a database may have them: the ledger sets what it relies on, in each transaction. */
const ODD_DEFAULTS = {
  array_nulls: 'off',
  client_min_messages: 'error',
  DateStyle: 'German, DMY',
  default_transaction_deferrable: 'on',
  default_transaction_isolation: 'serializable',
  extra_float_digits: '-15',
  IntervalStyle: 'sql_standard',
  lock_timeout: '100',
  quote_all_identifiers: 'on',
  row_security: 'off',
  search_path: 'pg_temp',
  standard_conforming_strings: 'off',
  synchronous_commit: 'local',
  TimeZone: 'Asia/Kathmandu',
  transform_null_equals: 'on',
} as const;

export async function createPglitePort(): Promise<PglitePort> {
  const database = await PGlite.create({ parsers: { [INT8]: Number } });
  for (const [name, value] of Object.entries(ODD_DEFAULTS))
    await database.query(`SELECT set_config($1, $2, false)`, [name, value]);
  /** Resolves when the last connection that was asked for is given back. */
  let isFree: Promise<void> = Promise.resolve();

  async function send(sql: string, params: readonly unknown[]): Promise<readonly Record<string, unknown>[]> {
    try {
      const { rows } = await database.query<Record<string, unknown>>(sql, [...params]);
      return rows.map(withFsync);
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      throw new PostgresError(typeof code === 'string' ? code : null, 'rolled_back', { cause: error });
    }
  }

  function connection(giveBack: () => void): PostgresConnection {
    return {
      run: async <R extends object>(sql: string, ...params: readonly unknown[]) =>
        (await send(sql, params)) as readonly object[] as readonly R[],
      async commit() {
        // Refused when a statement before has failed: the COMMIT would roll back and not say so.
        await send('SELECT 1', []);
        await send('COMMIT', []);
      },
      release: giveBack,
      destroy: () => void send('ROLLBACK', []).then(giveBack, giveBack),
    };
  }

  return {
    async connect() {
      const before = isFree;
      const { promise, resolve } = Promise.withResolvers<void>();
      isFree = promise;
      await before;
      return connection(resolve);
    },
    close: () => database.close(),
  };
}

/** It has no disk to flush to, and the ledger refuses a server that says so. */
function withFsync(row: Record<string, unknown>): Record<string, unknown> {
  return row['fsync'] === 'off' ? { ...row, fsync: 'on' } : row;
}
