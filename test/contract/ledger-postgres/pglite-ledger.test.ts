import { afterAll, beforeAll } from 'vitest';
import { openPostgresLedger } from '../../../src/ledger/postgres/postgres-ledger.ts';
import { schedule } from '../../../src/platform/node/runtime.ts';
import { TEST_TIME_MS } from '../../support/clock.ts';
import { emptyTables } from '../../support/postgres/empty-tables.ts';
import { createPglitePort } from '../../support/postgres/pglite-port.ts';
import type { PglitePort } from '../../support/postgres/pglite-port.ts';
import { describeLedger } from '../ledger/suites/ledger.contract.ts';

/** The ledger on PostgreSQL for `npm test` on any machine. test/e2e/postgres runs the same suite on a real server. */
let port: PglitePort;
beforeAll(async () => {
  port = await createPglitePort();
});
afterAll(() => port.close());

const schema = 'contract';

describeLedger(
  'the PostgreSQL ledger over PGlite',
  async (deps) => {
    await emptyTables(port, schema);
    const readClock = async (): Promise<number> => TEST_TIME_MS + deps.clock.monotonic();
    const ledger = await openPostgresLedger({ port, schedule, readClock, ...deps, schema });
    return { ledger, close: () => ledger.idle() };
  },
  { clock: 'server' },
);
