/** The ledger's tables exactly as the first release created them, the start of every migration. Never edited. */
export const FIRST_SCHEMA: readonly string[] = [
  `CREATE TABLE ledger_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL) STRICT`,
  `INSERT INTO ledger_version (id, version) VALUES (1, 1)`,
  `CREATE TABLE head (
     id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL, clock_ms INTEGER NOT NULL
   ) STRICT`,
  `INSERT INTO head (id, seq, hash, clock_ms) VALUES (1, 0, '${'0'.repeat(64)}', 0)`,
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
  `CREATE TABLE keys (
     scope TEXT PRIMARY KEY, request_id TEXT NOT NULL, fingerprint TEXT NOT NULL, keep_until INTEGER, reply TEXT
   ) STRICT`,
  `CREATE INDEX keys_by_keep_until ON keys (keep_until) WHERE keep_until IS NOT NULL`,
  `CREATE TABLE counters (
     window_end INTEGER NOT NULL, window_ms INTEGER NOT NULL,
     quota TEXT NOT NULL, unit TEXT NOT NULL, counter TEXT NOT NULL, used INTEGER NOT NULL,
     PRIMARY KEY (window_end, window_ms, quota, unit, counter)
   ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE cursors (sink TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), writes INTEGER NOT NULL) STRICT`,
  `INSERT INTO probe (id, writes) VALUES (1, 0)`,
];
