import { readServerClock } from '../../../../ledger/postgres/head.ts';
import { HEARTBEAT_MS, LEASE_MS, runsAt } from '../../../../ledger/postgres/leases.ts';
import type { PostgresConnection, PostgresPort } from '../../../../ledger/postgres/postgres-port.ts';
import { beginReading, withConnection } from '../../../../ledger/postgres/transaction.ts';
import type { Schedule } from '../../../../ports/schedule.ts';
import { LedgerServerError } from './tool-connections.ts';

/**
 * Whether a service uses a ledger in PostgreSQL, seen by the leases of replicas that run. A dump may hold none that still
 * runs, and then a replica shows itself with its next heartbeat: looking once would miss it.
 */
export const LOOK_MS = 2 * HEARTBEAT_MS;
const LOOK_EVERY_MS = 1_000;

export interface LookForUse {
  readonly schema: string;
  readonly namedBy: string;
  readonly schedule: Schedule;
}

/** Looks for LOOK_MS. Rejects with a LedgerServerError as soon as it sees a lease that runs. */
export async function refuseInUse(port: PostgresPort, { schema, namedBy, schedule }: LookForUse): Promise<void> {
  // One connection for all looks: it keeps the process alive between them, which a timer does not.
  const isInUse = await withConnection(
    port,
    async (connection) => {
      for (let waitedMs = 0; waitedMs <= LOOK_MS; waitedMs += LOOK_EVERY_MS) {
        if (waitedMs > 0) await new Promise<void>((resolve) => schedule.after(LOOK_EVERY_MS, resolve));
        if (await hasLease(connection, schema)) return true;
      }
      return false;
    },
    { use: 'read' },
  );
  if (isInUse)
    throw new LedgerServerError(
      `${namedBy} names a ledger that a service uses, or used a few seconds ago: stop every container, wait half a minute, and try again`,
    );
}

async function hasLease({ run, commit }: PostgresConnection, schema: string): Promise<boolean> {
  await beginReading(run, schema);
  const leases = await run(
    `SELECT name FROM leases WHERE ${runsAt('$1::bigint', '$2')}`,
    await readServerClock(run),
    LEASE_MS,
  );
  await commit();
  return leases.length > 0;
}
