import { GENESIS_HASH } from '../../../src/audit/chain.ts';
import { openPostgresLedger } from '../../../src/ledger/postgres/postgres-ledger.ts';
import type { PostgresLedger, PostgresLedgerDeps } from '../../../src/ledger/postgres/postgres-ledger.ts';
import { createConnections } from '../../../src/platform/node/ledger/postgres/connections.ts';
import type { Connections } from '../../../src/platform/node/ledger/postgres/connections.ts';
import { schedule } from '../../../src/platform/node/runtime.ts';
import { TEST_TIME_MS } from '../clock.ts';

/** Ledgers in a PostgreSQL server, each in a schema of its own unless a test names one. */
export interface OpenedPostgresLedger {
  readonly ledger: PostgresLedger;
  readonly connections: Connections;
  readonly schema: string;
  close(): Promise<void>;
}

let opened = 0;

export function connectTo(port: number, maxConnections = 4): Connections {
  return createConnections({
    ...{ host: '127.0.0.1', port, database: 'postgres', user: 'postgres', ssl: false, maxConnections },
    password: async () => null,
  });
}

/** Removes all rows of a ledger: faster than another schema. Does nothing when there is none. */
export async function emptyLedger(port: number, schema: string): Promise<void> {
  const connections = connectTo(port, 1);
  const connection = await connections.connect();
  const tables = await connection.run<{ name: string }>(
    `SELECT relname AS name FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE nspname = $1 AND relkind = 'r' AND relname NOT IN ('ledger_version', 'head', 'probe', 'sign_in_salt')`,
    schema,
  );
  for (const { name } of tables) await connection.run(`DELETE FROM "${schema}"."${name}"`);
  if (tables.length > 0) {
    await connection.run(
      `UPDATE "${schema}".head SET seq = 0, hash = $1, base_seq = 0, base_hash = $1, clock_ms = 0, recorded_ms = 0,
         policy_digest = '', last_owner = 0`,
      GENESIS_HASH,
    );
  }
  connection.release();
  await connections.close();
}

export function freshSchema(): string {
  opened += 1;
  return `test_${process.pid}_${opened}`;
}

export async function openTestLedger(
  port: number,
  deps: Pick<PostgresLedgerDeps, 'clock' | 'ids'> & Partial<PostgresLedgerDeps>,
): Promise<OpenedPostgresLedger> {
  const connections = connectTo(port);
  const { schema = freshSchema(), clock } = deps;
  const ledger = await openPostgresLedger({
    port: connections,
    schedule,
    // The clock of the server runs with the test's, and is right whatever the machine's says.
    readClock: async () => TEST_TIME_MS + clock.monotonic(),
    ...deps,
    schema,
  });
  return {
    ledger,
    connections,
    schema,
    async close() {
      await ledger.idle();
      await connections.close();
    },
  };
}
