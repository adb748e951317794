import { GENESIS_HASH } from '../../audit/chain.ts';
import { UnfitDatabaseError } from './postgres-port.ts';
import type { Run } from './postgres-port.ts';
import { SIGN_IN_SCHEMA } from './sign-ins.ts';

/**
 * The ledger's tables in PostgreSQL, as a list of migration steps. They have the columns of the SQLite ledger
 * (sqlite/schema.ts), so that rows can be carried over. A released step is never edited; a change is a new step. The
 * tables are in a schema of their own, because the database may be shared. A newer version is refused, and so is a
 * trigger, rule or row-level policy on a table: it could change records after they are written.
 */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    // One row: the ends of the chain, and the ledger's time at the last write. Its lock makes batches follow one another.
    // Mostly empty pages, so that its frequent updates stay on one page.
    `CREATE TABLE head (
       id integer PRIMARY KEY CHECK (id = 1),
       seq bigint NOT NULL, hash text NOT NULL, base_seq bigint NOT NULL, base_hash text NOT NULL,
       clock_ms bigint NOT NULL, recorded_ms bigint NOT NULL, policy_digest text NOT NULL, last_owner bigint NOT NULL
     ) WITH (fillfactor = 10)`,
    `INSERT INTO head VALUES (1, 0, '${GENESIS_HASH}', 0, '${GENESIS_HASH}', 0, 0, '', 0)`,
    // \`owner\`, \`request_id\`: the request that the record decides.
    `CREATE TABLE records (seq bigint PRIMARY KEY, line text NOT NULL, owner bigint, request_id text COLLATE "C")`,
    // The records whose \`time\` is earlier than that of the record before.
    `CREATE TABLE clock_steps (seq bigint PRIMARY KEY)`,
    `CREATE TABLE owners (
       owner bigint PRIMARY KEY,
       issuer text COLLATE "C" NOT NULL, client_id text COLLATE "C" NOT NULL, subject text COLLATE "C" NOT NULL,
       UNIQUE (issuer, client_id, subject)
     )`,
    `CREATE TABLE requests (
       owner bigint NOT NULL, request_id text COLLATE "C" PRIMARY KEY,
       state text NOT NULL,
       admitted_at bigint NOT NULL, expires_at bigint, settled_at bigint, settled_by text,
       decided_seq bigint NOT NULL, outcome_seq bigint,
       key_scope text, look_at bigint, looks integer NOT NULL DEFAULT 0,
       debits text NOT NULL, body text
     ) WITH (fillfactor = 85)`,
    `CREATE INDEX requests_by_owner ON requests (owner, request_id)`,
    `CREATE INDEX requests_by_decided ON requests (decided_seq)`,
    `CREATE INDEX requests_open ON requests (expires_at, decided_seq) WHERE state = 'open'`,
    `CREATE INDEX requests_unsettled ON requests (look_at, decided_seq) WHERE state = 'unknown'`,
    `CREATE TABLE further_records (
       request_id text COLLATE "C" NOT NULL, is_replay integer NOT NULL, seq bigint NOT NULL,
       PRIMARY KEY (request_id, is_replay, seq)
     )`,
    `CREATE TABLE keys (
       scope text COLLATE "C" PRIMARY KEY, request_id text COLLATE "C" NOT NULL, fingerprint text NOT NULL, seq bigint NOT NULL
     )`,
    // \`seq\`: of the record that admitted the request. \`keep_until\` is null while the outcome is unknown.
    `CREATE TABLE replies (seq bigint PRIMARY KEY, scope text COLLATE "C" NOT NULL, keep_until bigint, reply text NOT NULL)`,
    `CREATE TABLE counters (
       window_end bigint NOT NULL, window_ms bigint NOT NULL,
       quota text COLLATE "C" NOT NULL, unit text COLLATE "C" NOT NULL, counter text COLLATE "C" NOT NULL, used bigint NOT NULL,
       PRIMARY KEY (window_end, window_ms, quota, unit, counter)
     ) WITH (fillfactor = 70)`,
    `CREATE TABLE suppressions (
       window_end bigint NOT NULL, scope text COLLATE "C" NOT NULL, minute text NOT NULL, PRIMARY KEY (window_end, scope)
     )`,
    `CREATE TABLE reads (
       window_end bigint NOT NULL, scope text COLLATE "C" NOT NULL, minute text NOT NULL, PRIMARY KEY (window_end, scope)
     )`,
    `CREATE TABLE checkpoints (
       count bigint PRIMARY KEY, position bigint NOT NULL UNIQUE, made_at bigint NOT NULL, line text NOT NULL,
       stored_at bigint NOT NULL
     )`,
    `CREATE TABLE cursors (sink text COLLATE "C" PRIMARY KEY, position bigint NOT NULL)`,
    // Which replica does a piece of recurring work (leases.ts).
    `CREATE TABLE leases (name text COLLATE "C" PRIMARY KEY, holder text NOT NULL, until_ms bigint NOT NULL)`,
    `CREATE TABLE last_changes (
       subject text COLLATE "C" PRIMARY KEY, value text, earlier text NOT NULL, changed_at bigint NOT NULL
     )`,
    `CREATE TABLE policies (digest text COLLATE "C" PRIMARY KEY, document text NOT NULL)`,
    `CREATE TABLE policy_uses (digest text COLLATE "C" PRIMARY KEY, last_seq bigint NOT NULL)`,
    `CREATE TABLE probe (id integer PRIMARY KEY CHECK (id = 1), writes bigint NOT NULL) WITH (fillfactor = 10)`,
    `INSERT INTO probe VALUES (1, 0)`,
  ],
  SIGN_IN_SCHEMA,
];

export const POSTGRES_SCHEMA_VERSION = MIGRATIONS.length;

/** Two replicas may start at once. The lock ends with the transaction; the number is of this program alone. */
const MIGRATION_LOCK = 7_240_311_518;

/**
 * Brings the ledger to POSTGRES_SCHEMA_VERSION, in a transaction of the caller whose search path begins with `schema`.
 * Throws UnfitDatabaseError when its version is newer.
 */
export async function migrate(run: Run, schema: string): Promise<void> {
  await run(`SELECT pg_advisory_xact_lock($1::bigint)`, MIGRATION_LOCK);
  const found = (await readSchemaVersion(run, schema)) ?? 0;
  if (found > POSTGRES_SCHEMA_VERSION) throw newerSchema(found);
  if (found === POSTGRES_SCHEMA_VERSION) return;
  // First, as every transaction that writes: replicas of the version before wait, and none of them ends in a deadlock.
  if (found > 0) await run(`LOCK TABLE head IN ACCESS EXCLUSIVE MODE`);
  const [known] = await run(`SELECT 1 FROM pg_namespace WHERE nspname = $1`, schema);
  // An administrator may have created the schema for a user who may not.
  if (known === undefined) await run(`CREATE SCHEMA ${quoted(schema)}`);
  await run(
    `CREATE TABLE IF NOT EXISTS ledger_version (id integer PRIMARY KEY CHECK (id = 1), version integer NOT NULL)`,
  );
  for (const statement of MIGRATIONS.slice(found).flat()) await run(statement);
  await run(
    `INSERT INTO ledger_version (id, version) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET version = excluded.version`,
    POSTGRES_SCHEMA_VERSION,
  );
}

/** Null: there is no ledger yet. */
export async function readSchemaVersion(run: Run, schema: string): Promise<number | null> {
  const [table] = await run(
    `SELECT 1 FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE nspname = $1 AND relname = 'ledger_version'`,
    schema,
  );
  if (table === undefined) return null;
  const [row] = await run<{ version: number }>(`SELECT version FROM ledger_version`);
  return row?.version ?? null;
}

export function noLedger(schema: string): UnfitDatabaseError {
  return new UnfitDatabaseError(
    'no_ledger',
    `there is no ledger in its schema ${schema}: the service makes one at its first start`,
  );
}

export function newerSchema(found: number): UnfitDatabaseError {
  return new UnfitDatabaseError(
    'newer_schema',
    `the ledger has schema version ${found}; this program knows ${POSTGRES_SCHEMA_VERSION}: run the newer program`,
  );
}

/**
 * Triggers, rules, row-level security, views and heirs of tables in the schema, and tables that a crash of the server empties:
 * no step creates one. Every transaction that writes asks for them.
 */
export const FOREIGN_OBJECTS = `SELECT relpersistence = 'u' AS unlogged FROM pg_class
  WHERE (relrowsecurity OR relhasrules OR relpersistence = 'u' OR relhassubclass AND relkind = 'r' OR relkind IN ('v', 'm', 'f')
    OR relhastriggers AND EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = pg_class.oid AND NOT tgisinternal))
  AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) ORDER BY unlogged LIMIT 1`;
export type ForeignRow = { unlogged: boolean };

/** Throws when FOREIGN_OBJECTS found something. */
export function refuseForeign([found]: readonly ForeignRow[]): void {
  if (found === undefined) return;
  if (found.unlogged)
    throw new UnfitDatabaseError(
      'unlogged_table',
      'a table in the schema of the ledger is UNLOGGED, so a crash of the server empties it: nothing is written before ALTER TABLE … SET LOGGED',
    );
  throw new UnfitDatabaseError(
    'foreign_objects',
    'the schema of the ledger has a trigger, a rule, a view, an inheriting table or row-level security that is not of this program: nothing is written to it',
  );
}

export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
