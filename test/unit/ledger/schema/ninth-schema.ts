import { DatabaseSync } from 'node:sqlite';
import type { SqlitePort } from '../../../../src/ledger/sqlite/sqlite-port.ts';
import { createNodeSqlite } from '../../../../src/platform/node/ledger/sqlite.ts';

/** The ledger's tables exactly as schema version 9 had them: the last one in which each request named its owner. Never edited. */
const NINTH_SCHEMA: readonly string[] = [
  `CREATE TABLE ledger_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL) STRICT`,
  `CREATE TABLE head ( id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL, clock_ms INTEGER NOT NULL , base_seq INTEGER NOT NULL DEFAULT 0, base_hash TEXT NOT NULL DEFAULT '0000000000000000000000000000000000000000000000000000000000000000', witnessed_ms INTEGER NOT NULL DEFAULT 0, recorded_ms INTEGER NOT NULL DEFAULT 0, policy_digest TEXT NOT NULL DEFAULT '') STRICT`,
  `CREATE TABLE records (seq INTEGER PRIMARY KEY, line TEXT NOT NULL) STRICT`,
  `CREATE TABLE requests ( request_id TEXT PRIMARY KEY, issuer TEXT NOT NULL, client_id TEXT NOT NULL, subject TEXT NOT NULL, state TEXT NOT NULL, admitted_at INTEGER NOT NULL, expires_at INTEGER, settled_at INTEGER, settled_by TEXT, decided_seq INTEGER NOT NULL, outcome_seq INTEGER, key_scope TEXT, debits TEXT NOT NULL , body TEXT, look_at INTEGER, looks INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID`,
  `CREATE INDEX requests_by_owner ON requests (issuer, client_id, subject, request_id)`,
  `CREATE INDEX requests_open ON requests (expires_at, decided_seq) WHERE state = 'open'`,
  `CREATE TABLE keys ( scope TEXT PRIMARY KEY, request_id TEXT NOT NULL, fingerprint TEXT NOT NULL, keep_until INTEGER, reply TEXT ) STRICT`,
  `CREATE INDEX keys_by_keep_until ON keys (keep_until) WHERE keep_until IS NOT NULL`,
  `CREATE TABLE counters ( window_end INTEGER NOT NULL, window_ms INTEGER NOT NULL, quota TEXT NOT NULL, unit TEXT NOT NULL, counter TEXT NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (window_end, window_ms, quota, unit, counter) ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE cursors (sink TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), writes INTEGER NOT NULL) STRICT`,
  `CREATE TABLE checkpoints ( count INTEGER PRIMARY KEY, position INTEGER NOT NULL UNIQUE, made_at INTEGER NOT NULL, line TEXT NOT NULL , stored_at INTEGER NOT NULL DEFAULT 0) STRICT`,
  `CREATE INDEX requests_by_decided ON requests (decided_seq)`,
  `CREATE INDEX requests_unsettled ON requests (look_at, decided_seq) WHERE state = 'unknown'`,
  `CREATE TABLE clock_steps (seq INTEGER PRIMARY KEY) STRICT`,
  `CREATE TABLE suppressions ( window_end INTEGER NOT NULL, scope TEXT NOT NULL, minute TEXT NOT NULL, PRIMARY KEY (window_end, scope) ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE last_changes ( subject TEXT PRIMARY KEY, value TEXT, earlier TEXT NOT NULL, changed_at INTEGER NOT NULL ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE policies (digest TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT`,
  `CREATE TABLE policy_uses (digest TEXT PRIMARY KEY, last_seq INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE reads ( window_end INTEGER NOT NULL, scope TEXT NOT NULL, minute TEXT NOT NULL, PRIMARY KEY (window_end, scope) ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE further_records ( request_id TEXT NOT NULL, is_replay INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (request_id, is_replay, seq) ) STRICT, WITHOUT ROWID`,
];

/** What version 9 has of a ledger of this version. */
const OWN_QUERIES: Readonly<Record<string, string>> = {
  requests: `SELECT request_id, issuer, client_id, subject, state, admitted_at, expires_at, settled_at, settled_by,
    decided_seq, outcome_seq, key_scope, debits, body, look_at, looks FROM requests JOIN owners USING (owner)`,
  records: `SELECT seq, line FROM records`,
  head: `SELECT id, seq, hash, clock_ms, base_seq, base_hash, witnessed_ms, recorded_ms, policy_digest FROM head`,
  keys: `SELECT keys.scope, request_id, fingerprint, keep_until, reply FROM keys LEFT JOIN replies USING (seq)`,
  ledger_version: `SELECT id, 9 AS version FROM ledger_version`,
};

/** A ledger of schema version 9 with everything that is in this one. */
export function asNinthVersion(ledger: SqlitePort): SqlitePort {
  const ninth = createNodeSqlite(new DatabaseSync(':memory:'));
  for (const statement of NINTH_SCHEMA) ninth.run(statement);
  for (const { name } of ninth.run<{ name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'table'`)) {
    for (const row of ledger.run(OWN_QUERIES[name] ?? `SELECT * FROM ${name}`)) {
      const columns = Object.keys(row);
      ninth.run(
        `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
        ...Object.values(row),
      );
    }
  }
  return ninth;
}
