import { expect, it } from 'vitest';
import { createLeaseHolder } from '../../../../src/ledger/postgres/leases.ts';
import type { PostgresPort, PostgresValue } from '../../../../src/ledger/postgres/postgres-port.ts';
import { withConnection } from '../../../../src/ledger/postgres/transaction.ts';
import { connectTo } from '../../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../../support/postgres/postgres-server.ts';

const SCHEMA = 'heartbeats';
const NAMES = ['a', 'b'];

it('two replicas that show themselves again at the same moment do not wait for each other', async () => {
  const server = await startPostgres();
  const connections = connectTo(server.port);
  try {
    const rows = async (sql: string): Promise<readonly object[]> =>
      await withConnection(connections, async ({ run }) => await run(sql));
    await rows(`CREATE SCHEMA ${SCHEMA}`);
    await rows(`CREATE TABLE ${SCHEMA}.leases (name text PRIMARY KEY, holder text NOT NULL, until_ms bigint NOT NULL)`);
    // Both were away for longer than a lease, so each would drop the row of the other one.
    for (const name of [...NAMES, 'dead'])
      await rows(`INSERT INTO ${SCHEMA}.leases VALUES ('replica ${name}', '${name}', 1)`);
    const { promise: bothShown, resolve: showBoth } = Promise.withResolvers<void>();
    let shown = 0;
    const port: PostgresPort = {
      async connect(wish) {
        const connection = await connections.connect(wish);
        return {
          ...connection,
          async run<R extends object>(sql: string, ...params: readonly PostgresValue[]) {
            if (sql.startsWith('DELETE')) await bothShown;
            const found = await connection.run<R>(sql, ...params);
            if (sql.startsWith('INSERT') && (shown += 1) === NAMES.length) showBoth();
            return found;
          },
        };
      },
    };
    const beat = (holder: string): Promise<void> =>
      createLeaseHolder({
        ...{ port, schema: SCHEMA, holder, clock: { monotonic: () => 0 } },
        retry: (attempt) => attempt(),
      }).heartbeat();
    await Promise.all(NAMES.map(beat));
    expect(await rows(`SELECT holder FROM ${SCHEMA}.leases ORDER BY holder`)).toEqual([
      { holder: 'a' },
      { holder: 'b' },
    ]);
  } finally {
    await connections.close();
    await server.remove();
  }
});
