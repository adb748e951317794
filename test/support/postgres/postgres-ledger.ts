import { openPostgresLedger } from '../../../src/ledger/postgres/postgres-ledger.ts';
import type { PostgresLedger, PostgresLedgerDeps } from '../../../src/ledger/postgres/postgres-ledger.ts';
import { createConnections } from '../../../src/platform/node/ledger/postgres/connections.ts';
import type { Connections } from '../../../src/platform/node/ledger/postgres/connections.ts';
import { schedule } from '../../../src/platform/node/runtime.ts';
import { TEST_TIME_MS } from '../clock.ts';
import { emptyTables } from './empty-tables.ts';

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

export async function emptyLedger(port: number, schema: string): Promise<void> {
  const connections = connectTo(port, 1);
  await emptyTables(connections, schema);
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
