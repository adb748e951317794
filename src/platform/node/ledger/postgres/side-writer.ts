import type { Ledger } from '../../../../ledger/port.ts';
import { openPostgresLedger } from '../../../../ledger/postgres/postgres-ledger.ts';
import {
  newerSchema,
  noLedger,
  POSTGRES_SCHEMA_VERSION,
  readSchemaVersion,
} from '../../../../ledger/postgres/schema.ts';
import { UnfitDatabaseError } from '../../../../ledger/postgres/postgres-port.ts';
import type { PostgresPort } from '../../../../ledger/postgres/postgres-port.ts';
import { reading } from '../../../../ledger/postgres/transaction.ts';
import type { MachineClock } from '../../../../ports/clock.ts';
import type { Ids } from '../../../../ports/ids.ts';
import type { Schedule } from '../../../../ports/schedule.ts';
import type { ServerLedger } from './access.ts';
import { withServer } from './tool-connections.ts';

/**
 * The ledger in PostgreSQL for a tool that makes one short write, beside running replicas or without them. It is one more
 * replica that takes no lease. It never creates the tables and never migrates them. Rejects with a LedgerServerError.
 */
export function openPostgresSideWriter(
  chosen: ServerLedger,
  { clock, ids, schedule }: { readonly clock: MachineClock; readonly ids: Ids; readonly schedule: Schedule },
): Promise<Pick<Ledger, 'find' | 'settle'> & { close(): Promise<void> }> {
  const { schema } = chosen.place;
  return withServer(chosen, async ({ connections: port }) => {
    await refuseOtherSchema(port, schema);
    const ledger = await openPostgresLedger({ port, schema, clock, ids, schedule });
    return {
      find: ledger.find,
      settle: ledger.settle,
      async close() {
        await ledger.idle();
        await port.close();
      },
    };
  });
}

/** Only a ledger of exactly this program's schema may be written by it. */
export async function refuseOtherSchema(port: PostgresPort, schema: string): Promise<void> {
  const version = await reading(port, schema, (run) => readSchemaVersion(run, schema));
  if (version === null) throw noLedger(schema);
  if (version > POSTGRES_SCHEMA_VERSION) throw newerSchema(version);
  if (version < POSTGRES_SCHEMA_VERSION)
    throw new UnfitDatabaseError(
      'older_schema',
      `the ledger has schema version ${version}, and this program writes ${POSTGRES_SCHEMA_VERSION}: start the service of this release once, which brings it up to date`,
    );
}
