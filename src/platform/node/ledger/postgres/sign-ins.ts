import type { PostgresPlace } from '../../../../config/reading/postgres-url.ts';
import { readServerClock } from '../../../../ledger/postgres/head.ts';
import { POSTGRES_SCHEMA_VERSION, readSchemaVersion } from '../../../../ledger/postgres/schema.ts';
import { readSignInHolds, readSignInSalt } from '../../../../ledger/postgres/sign-ins.ts';
import { reading } from '../../../../ledger/postgres/transaction.ts';
import type { SignIns } from '../sign-ins.ts';
import { accessTo } from './access.ts';
import type { PostgresAccess } from './access.ts';
import { createConnections } from './connections.ts';

/** What a ledger in PostgreSQL knows of sign-ins to Galileo, read beside running replicas. Never writes. */
export async function readPostgresSignIns(place: PostgresPlace, access: PostgresAccess): Promise<SignIns | null> {
  try {
    const connections = createConnections({ ...(await accessTo(place, access)), maxConnections: 1 });
    try {
      return await reading(connections, place.schema, async (run) => {
        if ((await readSchemaVersion(run, place.schema)) !== POSTGRES_SCHEMA_VERSION) return null;
        const holds = await readSignInHolds(run, await readServerClock(run));
        return { salt: await readSignInSalt(run), holdOf: (fingerprint) => holds.get(fingerprint) ?? null };
      });
    } finally {
      await connections.close();
    }
  } catch {
    return null;
  }
}
