import type { LedgerReader } from '../../../../ledger/ledger-reader.ts';
import { openPostgresReader } from '../../../../ledger/postgres/postgres-reader.ts';
import type { ServerLedger } from './access.ts';
import { withServer } from './tool-connections.ts';

/** Opens a ledger in PostgreSQL for reading. Rejects with a LedgerServerError. */
export function readPostgres(ledger: ServerLedger): Promise<LedgerReader> {
  return withServer(ledger, async ({ connections, errorOf }) => ({
    ...(await openPostgresReader({ port: connections, schema: ledger.place.schema, errorOf })),
    close: () => connections.close(),
  }));
}
