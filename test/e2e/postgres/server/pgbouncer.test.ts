import { afterAll, beforeAll } from 'vitest';
import { describeLedger } from '../../../contract/ledger/suites/ledger.contract.ts';
import { startPgBouncer } from '../../../support/postgres/pgbouncer.ts';
import type { PgBouncer } from '../../../support/postgres/pgbouncer.ts';
import { startPostgres } from '../../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../../support/postgres/postgres-server.ts';
import { emptyLedger, openTestLedger } from '../../../support/postgres/postgres-ledger.ts';

let server: PostgresServer;
let pooler: PgBouncer;
beforeAll(async () => {
  server = await startPostgres();
  pooler = await startPgBouncer(server.port);
});
afterAll(async () => {
  await pooler.stop();
  await server.remove();
});

const schema = 'contract';

describeLedger(
  'the PostgreSQL ledger through PgBouncer in transaction mode',
  async (deps) => {
    await emptyLedger(pooler.port, schema);
    return await openTestLedger(pooler.port, { ...deps, schema });
  },
  { clock: 'server' },
);
