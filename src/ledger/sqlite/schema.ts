import { GENESIS_HASH } from '../../audit/chain.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import { SIGN_IN_SCHEMA } from './sign-ins.ts';
import type { SqlitePort } from './sqlite-port.ts';

/**
 * The ledger's tables, as a list of migration steps. A released step is never edited; a change is a new step. A
 * database with a newer schema version is refused, because an older program could write data that a newer one misreads.
 * A database with any object that no step created is refused too, because a trigger can change records after they are
 * written.
 */
export const MIGRATIONS: readonly (readonly string[])[] = [
  [
    // One row: the end of the chain, and the latest time the ledger's clock wrote.
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
    // The window's end is the first key column, so that dropping past windows is one range.
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
    // Where the kept chain begins: the last dropped record.
    `ALTER TABLE head ADD COLUMN base_seq INTEGER NOT NULL DEFAULT 0`,
    `ALTER TABLE head ADD COLUMN base_hash TEXT NOT NULL DEFAULT '${GENESIS_HASH}'`,
    // `position` is the position in the outbox (outbox.ts); it increases with `count`.
    `CREATE TABLE checkpoints (
       count INTEGER PRIMARY KEY, position INTEGER NOT NULL UNIQUE, made_at INTEGER NOT NULL, line TEXT NOT NULL
     ) STRICT`,
    `ALTER TABLE cursors RENAME COLUMN seq TO position`,
    `UPDATE cursors SET position = 2 * position`,
    `ALTER TABLE requests ADD COLUMN body TEXT`,
    `ALTER TABLE requests ADD COLUMN look_at INTEGER`,
    `ALTER TABLE requests ADD COLUMN looks INTEGER NOT NULL DEFAULT 0`,
    // `look_at`: when the next reconcile attempt is due; `looks`: attempts so far. Requests that are unknown already
    // are due at once.
    `UPDATE requests SET look_at = settled_at WHERE state = 'unknown'`,
    `CREATE INDEX requests_by_decided ON requests (decided_seq)`,
    `CREATE INDEX requests_unsettled ON requests (look_at, decided_seq) WHERE state = 'unknown'`,
  ],
  [
    // The state of a clock guard; dropped in version 4.
    `ALTER TABLE head ADD COLUMN pruned_at INTEGER NOT NULL DEFAULT 0`,
    `ALTER TABLE head ADD COLUMN doubted_at INTEGER`,
  ],
  [
    // From here on `clock_ms` is the last trusted time (trusted-time.ts); `witnessed_ms` is the one of the last witness, 0:
    // none. `recorded_ms` is the `time` of the last record.
    `ALTER TABLE head DROP COLUMN pruned_at`,
    `ALTER TABLE head DROP COLUMN doubted_at`,
    `ALTER TABLE head ADD COLUMN witnessed_ms INTEGER NOT NULL DEFAULT 0`,
    `ALTER TABLE head ADD COLUMN recorded_ms INTEGER NOT NULL DEFAULT 0`,
    `UPDATE head SET recorded_ms = clock_ms`,
    // The records whose `time` is earlier than that of the record before. Older versions wrote none.
    `CREATE TABLE clock_steps (seq INTEGER PRIMARY KEY) STRICT`,
    // The ledger's clock when the checkpoint was stored: no record that it covers is younger.
    `ALTER TABLE checkpoints ADD COLUMN stored_at INTEGER NOT NULL DEFAULT 0`,
    `UPDATE checkpoints SET stored_at = max(made_at, coalesce(
       (SELECT unixepoch(json_extract(line, '$.time')) * 1000 + 999 FROM records WHERE seq = checkpoints.count), 0))`,
  ],
  [
    // What subjects without an admission did in one minute (suppressions.ts). `minute` is JSON.
    `CREATE TABLE suppressions (
       window_end INTEGER NOT NULL, scope TEXT NOT NULL, minute TEXT NOT NULL, PRIMARY KEY (window_end, scope)
     ) STRICT, WITHOUT ROWID`,
  ],
  [
    // Several checkpoints fit behind one record (audit/delivery/outbox-position): 16 positions a record, before it was 2.
    `UPDATE cursors SET position = 8 * position`,
    `UPDATE checkpoints SET position = -8 * position`,
    `UPDATE checkpoints SET position = -position`,
  ],
  [
    // What the last record of kind `change` says of each thing that can change (changes.ts). `earlier` is JSON.
    `CREATE TABLE last_changes (
       subject TEXT PRIMARY KEY, value TEXT, earlier TEXT NOT NULL, changed_at INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID`,
    // The policies that decided something (policies.ts). `document` is the RFC 8785 text that has the digest.
    `CREATE TABLE policies (digest TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT`,
    // Apart from the documents, because an update rewrites its whole row. `last_seq`: no later record names the policy,
    // but for the one in `policy_digest`, which the last record names that names any.
    `CREATE TABLE policy_uses (digest TEXT PRIMARY KEY, last_seq INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
    `ALTER TABLE head ADD COLUMN policy_digest TEXT NOT NULL DEFAULT ''`,
  ],
  [
    // What each reader of the trail read in one minute (reads.ts). `minute` is JSON.
    `CREATE TABLE reads (
       window_end INTEGER NOT NULL, scope TEXT NOT NULL, minute TEXT NOT NULL, PRIMARY KEY (window_end, scope)
     ) STRICT, WITHOUT ROWID`,
  ],
  [
    // The records about a request besides those that its row names (further-records.ts).
    `CREATE TABLE further_records (
       request_id TEXT NOT NULL, is_replay INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (request_id, is_replay, seq)
     ) STRICT, WITHOUT ROWID`,
    // In RFC 8785 text these members cannot occur inside of a string. A damaged line is passed over. Bounded, because the
    // first start after an upgrade waits for it, and on Workers has little CPU time; `audit show` does not need the index.
    `INSERT OR IGNORE INTO further_records (request_id, is_replay, seq)
     SELECT id, is_replay, seq FROM (
       SELECT seq, is_replay, CASE
         WHEN NOT json_valid(line) THEN NULL
         WHEN is_replay THEN json_extract(line, '$.outcome.first_request_id')
         ELSE json_extract(line, '$.request_id') END AS id
       FROM (
         SELECT seq, line, instr(line, '"kind":"replay"') > 0 AS is_replay FROM records
         WHERE seq > (SELECT seq - 200000 FROM head))
       WHERE is_replay OR instr(line, '"kind":"reconciliation"') > 0
         OR (instr(line, '"kind":"outcome"') > 0 AND instr(line, '"result":"unknown"') > 0)
     ) WHERE id IN (SELECT request_id FROM requests)`,
  ],
  [
    // Whom requests belong to (owners.ts), by a number: three texts were in each row of \`requests\` and in its index.
    `CREATE TABLE owners (
       owner INTEGER PRIMARY KEY, issuer TEXT NOT NULL, client_id TEXT NOT NULL, subject TEXT NOT NULL
     ) STRICT`,
    `CREATE UNIQUE INDEX owners_by_name ON owners (issuer, client_id, subject)`,
    `INSERT INTO owners (issuer, client_id, subject)
     SELECT DISTINCT issuer, client_id, subject FROM requests ORDER BY issuer, client_id, subject`,
    // The request that a record decides: it finds the row of the request (retention.ts). Not set in earlier records.
    `ALTER TABLE records ADD COLUMN owner INTEGER`,
    `ALTER TABLE records ADD COLUMN request_id TEXT`,
    // The rows of an owner lie together, so that no index is needed to list them.
    `ALTER TABLE requests RENAME TO former_requests`,
    `CREATE TABLE requests (
       owner INTEGER NOT NULL, request_id TEXT NOT NULL,
       state TEXT NOT NULL,
       admitted_at INTEGER NOT NULL, expires_at INTEGER, settled_at INTEGER, settled_by TEXT,
       decided_seq INTEGER NOT NULL, outcome_seq INTEGER,
       key_scope TEXT, look_at INTEGER, looks INTEGER NOT NULL DEFAULT 0,
       debits TEXT NOT NULL, body TEXT,
       PRIMARY KEY (owner, request_id)
     ) STRICT, WITHOUT ROWID`,
    `INSERT INTO requests (owner, request_id, state, admitted_at, expires_at, settled_at, settled_by, decided_seq,
       outcome_seq, key_scope, look_at, looks, debits, body)
     SELECT owner, request_id, state, admitted_at, expires_at, settled_at, settled_by, decided_seq,
       outcome_seq, key_scope, look_at, looks, debits, body
     FROM owners JOIN former_requests USING (issuer, client_id, subject) ORDER BY owner, request_id`,
    // Keys are found by a hash, so their rows lie apart, and a commit writes a page for each: a row is written once. Answers
    // lie in order of the record that admitted their request: `seq`. Negative: a key that is not of its request.
    `ALTER TABLE keys RENAME TO former_keys`,
    `CREATE TABLE keys (
       scope TEXT PRIMARY KEY, request_id TEXT NOT NULL, fingerprint TEXT NOT NULL, seq INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID`,
    `INSERT INTO keys (scope, request_id, fingerprint, seq)
     SELECT scope, former_keys.request_id, fingerprint, iif(key_scope = scope, decided_seq, -former_keys.rowid)
     FROM former_keys LEFT JOIN former_requests ON former_requests.request_id = former_keys.request_id ORDER BY scope`,
    // `keep_until` is null while the outcome is unknown.
    `CREATE TABLE replies (
       seq INTEGER PRIMARY KEY, scope TEXT NOT NULL, keep_until INTEGER, reply TEXT NOT NULL
     ) STRICT`,
    `INSERT INTO replies (seq, scope, keep_until, reply)
     SELECT seq, scope, keep_until, reply FROM keys JOIN former_keys USING (scope) WHERE reply IS NOT NULL ORDER BY seq`,
    `DROP TABLE former_keys`,
    `DROP TABLE former_requests`,
    `CREATE INDEX requests_unsettled ON requests (look_at, decided_seq) WHERE state = 'unknown'`,
    // Up to `open_after`, no record admitted a request that is open (open-requests.ts): there is no index of them.
    `UPDATE records SET owner = requests.owner, request_id = requests.request_id
     FROM requests WHERE requests.decided_seq = records.seq AND requests.state = 'open'`,
    `ALTER TABLE head ADD COLUMN open_after INTEGER NOT NULL DEFAULT 0`,
    `UPDATE head SET open_after = coalesce((SELECT min(decided_seq) - 1 FROM requests WHERE state = 'open'), seq)`,
  ],
  SIGN_IN_SCHEMA,
];

/** SHA-256 over the schema objects of each version (isOwnSchema), in order. */
const DIGESTS: readonly string[] = [
  'ab8c5a9cf4d57a87ddb1e369c2f92e62ec28946fd5b3bc31eb43c38091692d8f',
  '7ea9ffeb8b9029cd57d3e852d79cf1cffd367bd03b30150c6675d8654a9ca873',
  '047e18b517e884ffc7d4b86d357e85a0c44d243d5feeacef645368b718fd2bd1',
  '0d4a573e4efda40050694afc427d13f2a3bbb2ca2590f34253701ccbda9eb45f',
  'f6652537fccd267e8d321d606653c3539a9b41e9cb7139fbc8f4a60295d07fde',
  // Step 6 changes no object.
  'f6652537fccd267e8d321d606653c3539a9b41e9cb7139fbc8f4a60295d07fde',
  '156edf07b648891691dd3942242b9157c5258ee3059b8edb3672dfbc9350058c',
  '5e1a86f472e39e61464e64338c4a5033fa858c2a834f73edf5253b29ed704ac7',
  '6798de34b508a28cd2be390c704e6c84c46b285e8528860f0d5e10cafd6a24aa',
  'bd78ad8986ef17df52e5a926b5ca112494cb494f9793cfb60539607bae42aa0c',
  '0a3c2a330f281a9d2e8d48e7bd8432fdf40c6af87a66d21a725cbd0da5f5139a',
];

export const SCHEMA_VERSION = MIGRATIONS.length;
/** Earlier versions know no sign-ins. */
export const FIRST_VERSION_WITH_SIGN_INS = 11;
/** For tools that read an older ledger unmigrated: earlier versions have neither checkpoints nor retention. */
export const FIRST_VERSION_WITH_CHECKPOINTS = 2;
/** In earlier versions `time` never decreases along the trail. */
export const FIRST_VERSION_WITH_CLOCK_STEPS = 4;
/** Earlier versions have no list of further records. */
export const FIRST_VERSION_WITH_FURTHER_RECORDS = 9;
/** In earlier versions each row of `requests` names its owner. */
export const FIRST_VERSION_WITH_OWNERS = 10;
/** In earlier versions a record has two positions in the outbox, its own and one for a checkpoint. */
export const FIRST_VERSION_WITH_WIDE_POSITIONS = 6;

/** Earlier versions keep no policies. */
export const FIRST_VERSION_WITH_POLICIES = 7;

/** The database holds an object that no migration step created. The message is for the operator. */
export class ForeignSchemaError extends Error {
  override readonly name = 'ForeignSchemaError';

  constructor() {
    super('the ledger holds a trigger, a view or a table that is not of this program: nothing is written to it');
  }
}

/** Migrates the database to SCHEMA_VERSION in one transaction. Throws when its version is newer, or ForeignSchemaError. */
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
 * Returns a check for every transaction. It throws ForeignSchemaError once the schema differs from what `migrate` left:
 * a trigger that is added under a running program acts at once. The check is cheap: only a changed schema is hashed.
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
 * All schema objects that act or hold data. Excluded: automatic indexes of SQLite, the tables of ANALYZE, and
 * Cloudflare's own tables in a Durable Object's storage, also the one that `wrangler dev` adds.
 */
export function readSchema(sqlite: SqlitePort): readonly SchemaObject[] {
  return sqlite.run<SchemaObject>(
    `SELECT type, name, tbl_name, sql FROM sqlite_schema
     WHERE NOT (type = 'index' AND sql IS NULL)
       AND NOT (type IN ('table', 'index') AND (tbl_name IN ('sqlite_stat1', 'sqlite_stat4', '__miniflare_do_name') OR substr(tbl_name, 1, 4) = '_cf_'))
     ORDER BY type, name`,
  );
}

/** Whether these are exactly the objects of `version`. White space in their SQL is normalised. */
export function isOwnSchema(schema: readonly SchemaObject[], version: number): boolean {
  const objects = schema.map(({ type, name, tbl_name: table, sql }) => [
    type,
    name,
    table,
    sql?.replaceAll(/\s+/g, ' '),
  ]);
  return sha256Hex(JSON.stringify(objects)) === DIGESTS[version - 1];
}
