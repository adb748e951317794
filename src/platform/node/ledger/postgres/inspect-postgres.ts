import type { PostgresPlace } from '../../../../config/reading/postgres-url.ts';
import { compareEnd } from '../../../../audit/verify/tables/end-comparison.ts';
import type { TableCondition } from '../../../../audit/verify/tables/end-comparison.ts';
import { reachesAhead } from '../../../../ledger/postgres/outbox.ts';
import { ledgerEndOf } from '../../../../ledger/postgres/reads/ledger-end.ts';
import { TAIL_CHECK_RECORDS, verifyTail } from '../../../../ledger/postgres/verify-tail.ts';
import { readHead } from '../../../../ledger/postgres/head.ts';
import { FOREIGN_OBJECTS, POSTGRES_SCHEMA_VERSION, readSchemaVersion } from '../../../../ledger/postgres/schema.ts';
import type { ForeignRow } from '../../../../ledger/postgres/schema.ts';
import type { Run } from '../../../../ledger/postgres/postgres-port.ts';
import { reading } from '../../../../ledger/postgres/transaction.ts';
import type { Clock } from '../../../../ports/clock.ts';
import { accessTo } from './access.ts';
import type { PostgresAccess } from './access.ts';
import { createConnections } from './connections.ts';
import { failureSentence } from './failure-sentence.ts';

/** What can be read of a ledger in PostgreSQL without a change to it, beside running replicas. */
export type PostgresFacts =
  /** `problem`: the second half of a sentence about LEDGER_URL, or a whole one about another setting. */
  | { readonly kind: 'unreachable'; readonly problem: string }
  | {
      readonly kind: 'reachable';
      /** As server_version_num: 150004. */
      readonly version: number;
      readonly settings: Readonly<Record<ServerSetting, string>>;
      readonly isStandby: boolean;
      /** How far the server's clock is ahead of this machine's. */
      readonly clockAheadMs: number;
      /** Null: there is no ledger yet. */
      readonly schemaVersion: number | null;
      /** May read and write the tables, and create those that are missing. */
      readonly isPermitted: boolean;
      readonly hasForeignObjects: boolean;
      readonly hasUnloggedTable: boolean;
      /** Null where there is no ledger of this version. */
      readonly trail: PostgresTrail | null;
      /** Of the standbys that this user may see; null: none is seen. */
      readonly lagMs: number | null;
      readonly isEncrypted: boolean;
    };

/** As many records as a start verifies are compared with the tables. */
export interface PostgresTrail {
  readonly records: number;
  readonly brokenAt: number | null;
  /** Whether a cursor or a checkpoint is ahead of the end of the trail. */
  readonly reachesAhead: boolean;
  /** Null: not compared, because the end of the trail does not verify. */
  readonly tables: TableCondition | null;
}

export const SERVER_SETTINGS = [
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'server_encoding',
  'synchronous_standby_names',
] as const;
export type ServerSetting = (typeof SERVER_SETTINGS)[number];

/** Never rejects for what is wrong with the server. */
export async function inspectPostgres(
  place: PostgresPlace,
  access: PostgresAccess,
  clock: Clock,
): Promise<PostgresFacts> {
  let options: Awaited<ReturnType<typeof accessTo>>;
  try {
    options = await accessTo(place, access);
  } catch (error) {
    return { kind: 'unreachable', problem: error instanceof Error ? error.message : 'a file cannot be read' };
  }
  const connections = createConnections({ ...options, maxConnections: 1 });
  try {
    return await reading(connections, place.schema, (run) => inspect(run, place, clock));
  } catch (error) {
    return { kind: 'unreachable', problem: `LEDGER_URL ${failureSentence(error, place)}` };
  } finally {
    await connections.close();
  }
}

async function inspect(run: Run, { schema, tls }: PostgresPlace, clock: Clock): Promise<PostgresFacts> {
  const settings = SERVER_SETTINGS.map((name) => `current_setting('${name}') AS ${name}`).join(', ');
  const [server] = await run<Record<ServerSetting, string> & { version: number; standby: boolean; now: number }>(
    `SELECT ${settings}, current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS standby,
       floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now`,
  );
  if (server === undefined) throw new Error('the server gave no row');
  const { version, standby: isStandby, now, ...values } = server;
  const clockAheadMs = now - Math.trunc(clock.now());
  const schemaVersion = await readSchemaVersion(run, schema);
  const isCurrent = schemaVersion === POSTGRES_SCHEMA_VERSION;
  const [foreign] = await run<ForeignRow>(FOREIGN_OBJECTS, schema);
  const isPermitted = await mayUse(run, schema, schemaVersion);
  const [lag] = await run<{ ms: number | null }>(
    `SELECT (extract(epoch FROM max(replay_lag)) * 1000)::bigint AS ms FROM pg_stat_replication`,
  );
  return {
    kind: 'reachable',
    ...{ version, settings: values, isStandby, clockAheadMs, schemaVersion, isPermitted },
    hasForeignObjects: foreign?.unlogged === false,
    hasUnloggedTable: foreign?.unlogged === true,
    trail: isCurrent && isPermitted ? await inspectTrail(run) : null,
    lagMs: lag?.ms ?? null,
    isEncrypted: tls,
  };
}

async function inspectTrail(run: Run): Promise<PostgresTrail> {
  const ends = await readHead(run);
  const brokenAt = (await verifyTail(run, ends))?.seq ?? null;
  return {
    records: ends.head.seq - ends.base.seq,
    brokenAt,
    reachesAhead: await reachesAhead(run),
    tables: brokenAt === null ? await compareEnd(ledgerEndOf(run), TAIL_CHECK_RECORDS) : null,
  };
}

async function mayUse(run: Run, schema: string, version: number | null): Promise<boolean> {
  const [known] = await run(`SELECT 1 FROM pg_namespace WHERE nspname = $1`, schema);
  const migrates = version !== null && version < POSTGRES_SCHEMA_VERSION;
  const privilege =
    version !== null
      ? `SELECT bool_and(has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
         AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))
         ${migrates ? `AND has_schema_privilege($1::text, 'CREATE')` : ''} AS may
       FROM pg_class WHERE relkind = 'r' AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1::text)`
      : known === undefined
        ? `SELECT has_database_privilege(current_database(), 'CREATE') AS may WHERE $1::text IS NOT NULL`
        : `SELECT has_schema_privilege($1, 'CREATE') AS may`;
  const [row] = await run<{ may: boolean | null }>(privilege, schema);
  return row?.may === true;
}
