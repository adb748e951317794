import { GENESIS_HASH } from '../../audit/chain.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import type { SqlitePort } from './sqlite-port.ts';

/**
 * The ledger's tables, as a list of steps from nothing to now. A step that was released is never
 * edited; a change is a new step. A database that knows more steps than this program is refused:
 * an older program must not write what a newer one would read wrongly. One that holds anything else than these steps
 * made is refused as well: a trigger decides what becomes of a record after the program has written it.
 */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    // One row: the end of the chain, and where the ledger's clock last stood.
    `CREATE TABLE head (
       id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL, clock_ms INTEGER NOT NULL
     ) STRICT`,
    `INSERT INTO head (id, seq, hash, clock_ms) VALUES (1, 0, '${GENESIS_HASH}', 0)`,
    `CREATE TABLE records (seq INTEGER PRIMARY KEY, line TEXT NOT NULL) STRICT`,
    `CREATE TABLE requests (
       request_id TEXT PRIMARY KEY,
       issuer TEXT NOT NULL, client_id TEXT NOT NULL, subject TEXT NOT NULL,
       state TEXT NOT NULL,
       admitted_at INTEGER NOT NULL, expires_at INTEGER, settled_at INTEGER, settled_by TEXT,
       decided_seq INTEGER NOT NULL, outcome_seq INTEGER,
       key_scope TEXT,
       debits TEXT NOT NULL
     ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX requests_by_owner ON requests (issuer, client_id, subject, request_id)`,
    `CREATE INDEX requests_open ON requests (expires_at, decided_seq) WHERE state = 'open'`,
    // `reply` is null while the request is open, `keep_until` also while its outcome is unknown.
    `CREATE TABLE keys (
       scope TEXT PRIMARY KEY, request_id TEXT NOT NULL, fingerprint TEXT NOT NULL, keep_until INTEGER, reply TEXT
     ) STRICT`,
    `CREATE INDEX keys_by_keep_until ON keys (keep_until) WHERE keep_until IS NOT NULL`,
    // The window's end leads, so that dropping past windows is one range.
    `CREATE TABLE counters (
       window_end INTEGER NOT NULL, window_ms INTEGER NOT NULL,
       quota TEXT NOT NULL, unit TEXT NOT NULL, counter TEXT NOT NULL, used INTEGER NOT NULL,
       PRIMARY KEY (window_end, window_ms, quota, unit, counter)
     ) STRICT, WITHOUT ROWID`,
    `CREATE TABLE cursors (sink TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
    `CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), writes INTEGER NOT NULL) STRICT`,
    `INSERT INTO probe (id, writes) VALUES (1, 0)`,
  ],
  [
    // Where the kept chain begins: the last record that was dropped.
    `ALTER TABLE head ADD COLUMN base_seq INTEGER NOT NULL DEFAULT 0`,
    `ALTER TABLE head ADD COLUMN base_hash TEXT NOT NULL DEFAULT '${GENESIS_HASH}'`,
    // `position` is the place in the outbox (outbox.ts); it rises with `count`.
    `CREATE TABLE checkpoints (
       count INTEGER PRIMARY KEY, position INTEGER NOT NULL UNIQUE, made_at INTEGER NOT NULL, line TEXT NOT NULL
     ) STRICT`,
    `ALTER TABLE cursors RENAME COLUMN seq TO position`,
    `UPDATE cursors SET position = 2 * position`,
    `ALTER TABLE requests ADD COLUMN body TEXT`,
    `ALTER TABLE requests ADD COLUMN look_at INTEGER`,
    `ALTER TABLE requests ADD COLUMN looks INTEGER NOT NULL DEFAULT 0`,
    // What has been unknown since before there were looks is due at once.
    `UPDATE requests SET look_at = settled_at WHERE state = 'unknown'`,
    `CREATE INDEX requests_by_decided ON requests (decided_seq)`,
    `CREATE INDEX requests_unsettled ON requests (look_at, decided_seq) WHERE state = 'unknown'`,
  ],
  [
    // How far retention trusts the machine's clock (prune-clock.ts).
    `ALTER TABLE head ADD COLUMN pruned_at INTEGER NOT NULL DEFAULT 0`,
    `ALTER TABLE head ADD COLUMN doubted_at INTEGER`,
  ],
];

/** SHA-256 of each version's objects (isOwnSchema), in order. */
const DIGESTS: readonly string[] = [
  'ab8c5a9cf4d57a87ddb1e369c2f92e62ec28946fd5b3bc31eb43c38091692d8f',
  '7ea9ffeb8b9029cd57d3e852d79cf1cffd367bd03b30150c6675d8654a9ca873',
  '047e18b517e884ffc7d4b86d357e85a0c44d243d5feeacef645368b718fd2bd1',
];

export const SCHEMA_VERSION = MIGRATIONS.length;
/** For who reads an older ledger as it is: before this version there were neither checkpoints nor retention. */
export const FIRST_VERSION_WITH_CHECKPOINTS = 2;

/** The database holds something that no step made. For the operator. */
export class ForeignSchemaError extends Error {
  override readonly name = 'ForeignSchemaError';

  constructor() {
    super('the ledger holds a trigger, a view or a table that is not of this program: nothing is written to it');
  }
}

/** Brings the database up to SCHEMA_VERSION in one transaction. Throws when it is already past it, or holds what no step made. */
export function migrate(sqlite: SqlitePort): void {
  sqlite.transaction(() => {
    sqlite.run(
      `CREATE TABLE IF NOT EXISTS ledger_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL) STRICT`,
    );
    const found = sqlite.run<{ version: number }>(`SELECT version FROM ledger_version`)[0]?.version ?? 0;
    if (found > SCHEMA_VERSION) {
      throw new Error(
        `the ledger has schema version ${found}; this program knows ${SCHEMA_VERSION}: run the newer program`,
      );
    }
    if (found > 0 && !isOwnSchema(readSchema(sqlite), found)) throw new ForeignSchemaError();
    if (found === SCHEMA_VERSION) return;
    for (const statement of MIGRATIONS.slice(found).flat()) sqlite.run(statement);
    sqlite.run(
      `INSERT INTO ledger_version (id, version) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET version = excluded.version`,
      SCHEMA_VERSION,
    );
    if (!isOwnSchema(readSchema(sqlite), SCHEMA_VERSION)) throw new ForeignSchemaError();
  });
}

/**
 * Throws once the schema is no longer what migrate left. For each transaction: what came into the database under a running
 * program acts from then on. Cheap, since only a schema that is new is hashed.
 */
export function createSchemaCheck(sqlite: SqlitePort): () => void {
  let known: string | null = null;
  return () => {
    const schema = readSchema(sqlite);
    const found = JSON.stringify(schema);
    if (found === known) return;
    if (!isOwnSchema(schema, SCHEMA_VERSION)) throw new ForeignSchemaError();
    known = found;
  };
}

type SchemaObject = { type: string; name: string; tbl_name: string; sql: string | null };

/**
 * All that acts or holds data. Left out: the indexes that SQLite makes by itself, what ANALYZE leaves, and the tables of
 * Cloudflare in the storage of an object.
 */
export function readSchema(sqlite: SqlitePort): readonly SchemaObject[] {
  return sqlite.run<SchemaObject>(
    `SELECT type, name, tbl_name, sql FROM sqlite_schema
     WHERE NOT (type = 'index' AND sql IS NULL)
       AND NOT (type IN ('table', 'index') AND (tbl_name IN ('sqlite_stat1', 'sqlite_stat4') OR substr(tbl_name, 1, 4) = '_cf_'))
     ORDER BY type, name`,
  );
}

/** White space does not count. */
export function isOwnSchema(schema: readonly SchemaObject[], version: number): boolean {
  const objects = schema.map(({ type, name, tbl_name: table, sql }) => [
    type,
    name,
    table,
    sql?.replaceAll(/\s+/g, ' '),
  ]);
  return sha256Hex(JSON.stringify(objects)) === DIGESTS[version - 1];
}
