import { afterAll, beforeAll } from 'vitest';
import { describeLedger } from '../../contract/ledger/suites/ledger.contract.ts';
import { startPostgres } from '../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../support/postgres/postgres-server.ts';
import { emptyLedger, openTestLedger } from '../../support/postgres/postgres-ledger.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

const schema = 'contract';

describeLedger(
  'the PostgreSQL ledger',
  async (deps) => {
    await emptyLedger(server.port, schema);
    return await openTestLedger(server.port, { ...deps, schema });
  },
  { clock: 'server' },
);
