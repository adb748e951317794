import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { KEYS_WITH_REPLIES } from '../../../../src/ledger/sqlite/requests/idempotency.ts';
import { isOwnSchema, migrate, readSchema, SCHEMA_VERSION } from '../../../../src/ledger/sqlite/schema.ts';
import { createNodeSqlite } from '../../../../src/platform/node/ledger/sqlite.ts';
import { FIRST_SCHEMA } from './first-schema.ts';

describe('the ledger schema', () => {
  it('is created once: a second start changes nothing', () => {
    const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
    const schema = () => sqlite.run('SELECT sql FROM sqlite_schema ORDER BY name');
    migrate(sqlite);
    const first = schema();
    migrate(sqlite);
    expect(schema()).toEqual(first);
    expect(sqlite.run('SELECT version FROM ledger_version')).toMatchObject([{ version: SCHEMA_VERSION }]);
    expect(sqlite.run('SELECT seq FROM head')).toMatchObject([{ seq: 0 }]);
  });

  it('is recognised by its text at every version, whether new or migrated', () => {
    const fresh = createNodeSqlite(new DatabaseSync(':memory:'));
    migrate(fresh);
    expect(isOwnSchema(readSchema(fresh), SCHEMA_VERSION)).toBe(true);
    const old = createNodeSqlite(new DatabaseSync(':memory:'));
    for (const statement of FIRST_SCHEMA) old.run(statement);
    expect(isOwnSchema(readSchema(old), 1)).toBe(true);
    migrate(old);
    expect(isOwnSchema(readSchema(old), SCHEMA_VERSION)).toBe(true);
    expect(isOwnSchema(readSchema(old), 1)).toBe(false);
  });

  it.each([
    ['at this version', SCHEMA_VERSION],
    ['at the first, which is not migrated', 1],
  ])('is refused with a trigger in it, and left alone: %s', (_which, version) => {
    const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
    for (const statement of FIRST_SCHEMA) sqlite.run(statement);
    if (version > 1) migrate(sqlite);
    sqlite.run('CREATE TRIGGER theirs AFTER UPDATE ON cursors BEGIN SELECT 1; END');
    expect(() => migrate(sqlite)).toThrow('not of this program');
    expect(sqlite.run('SELECT version FROM ledger_version')).toMatchObject([{ version }]);
  });

  it('is accepted beside the tables that Cloudflare keeps in an object’s storage', () => {
    const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
    sqlite.run('CREATE TABLE _cf_METADATA (key INTEGER PRIMARY KEY, value BLOB)');
    sqlite.run('CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID');
    migrate(sqlite);
    // `wrangler dev` adds it to an object that is there already.
    sqlite.run('CREATE TABLE __miniflare_do_name (id INTEGER PRIMARY KEY, name TEXT)');
    expect(() => migrate(sqlite)).not.toThrow();
    sqlite.run('CREATE TRIGGER _cf_trigger AFTER INSERT ON _cf_KV BEGIN DELETE FROM records; END');
    expect(() => migrate(sqlite)).toThrow('not of this program');
  });

  it('is refused when a newer program made it, and left alone', () => {
    const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
    migrate(sqlite);
    sqlite.run('UPDATE ledger_version SET version = ?', SCHEMA_VERSION + 1);
    expect(() => migrate(sqlite)).toThrow(
      `the ledger has schema version ${SCHEMA_VERSION + 1}; this program knows ${SCHEMA_VERSION}`,
    );
    expect(sqlite.run('SELECT version FROM ledger_version')).toMatchObject([{ version: SCHEMA_VERSION + 1 }]);
  });

  it('answers reads by index, never by scanning requests or counters', () => {
    const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
    migrate(sqlite);
    const plans: readonly [string, RegExp][] = [
      [
        `SELECT * FROM requests JOIN owners USING (owner)
         WHERE requests.owner = ? AND request_id < ? ORDER BY request_id DESC LIMIT ?`,
        /SEARCH requests USING PRIMARY KEY \(owner=\? AND request_id<\?\)/,
      ],
      [
        `SELECT * FROM owners CROSS JOIN requests USING (owner) WHERE request_id = ?`,
        /SCAN owners; SEARCH requests USING PRIMARY KEY \(owner=\? AND request_id=\?\)/,
      ],
      [
        `SELECT seq, owner, request_id FROM records CROSS JOIN requests USING (owner, request_id)
         WHERE seq > ? AND decided_seq = seq AND state = 'open' ORDER BY seq`,
        /SEARCH records USING INTEGER PRIMARY KEY \(rowid>\?\); SEARCH requests USING PRIMARY KEY/,
      ],
      [
        `UPDATE requests SET expires_at = ? WHERE state = 'open' AND (owner, request_id) IN (
           SELECT owner, request_id FROM head CROSS JOIN records ON records.seq > open_after) AND expires_at > ?`,
        /SEARCH requests USING PRIMARY KEY \(owner=\? AND request_id=\?\).*SEARCH records USING INTEGER PRIMARY KEY/,
      ],
      [
        `SELECT request_id FROM requests WHERE state = 'unknown' AND look_at <= ? ORDER BY look_at, decided_seq LIMIT ?`,
        /requests_unsettled/,
      ],
      [
        `SELECT seq FROM records CROSS JOIN requests USING (owner, request_id)
         WHERE seq > ? AND seq <= ? AND EXISTS (
           SELECT 1 FROM keys WHERE keys.scope = requests.key_scope AND keys.request_id = requests.request_id
         ) ORDER BY seq LIMIT 1`,
        /SEARCH records USING INTEGER PRIMARY KEY.*SEARCH requests USING PRIMARY KEY.*SEARCH keys.* USING PRIMARY KEY/,
      ],
      [`SELECT min(decided_seq) AS seq FROM requests WHERE state = 'unknown'`, /COVERING INDEX requests_unsettled/],
      [
        `DELETE FROM requests WHERE (owner, request_id) IN (SELECT owner, request_id FROM records WHERE seq <= ?)
           AND decided_seq <= ? RETURNING owner, request_id`,
        /SEARCH requests USING PRIMARY KEY \(owner=\? AND request_id=\?\).*SEARCH records USING INTEGER PRIMARY KEY/,
      ],
      [
        `DELETE FROM owners WHERE owner = ? AND NOT EXISTS (SELECT 1 FROM requests WHERE requests.owner = owners.owner)`,
        /SEARCH owners USING INTEGER PRIMARY KEY.*SEARCH requests USING PRIMARY KEY \(owner=\?\)/,
      ],
      [
        `SELECT * FROM checkpoints WHERE count > ? ORDER BY count LIMIT ?`,
        /SEARCH checkpoints USING INTEGER PRIMARY KEY/,
      ],
      [
        `SELECT position, line FROM checkpoints WHERE position > ? AND position <= ? ORDER BY position LIMIT ?`,
        /SEARCH checkpoints USING INDEX/,
      ],
      [`DELETE FROM counters WHERE window_end <= ?`, /SEARCH counters USING PRIMARY KEY/],
      [
        `DELETE FROM replies WHERE seq > ? AND seq <= ? AND keep_until <= ? RETURNING seq, scope`,
        /SEARCH replies USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/,
      ],
      [`DELETE FROM keys WHERE scope = ? AND seq = ?`, /SEARCH keys USING PRIMARY KEY \(scope=\?\)/],
      [
        `SELECT request_id, fingerprint, keep_until, reply FROM ${KEYS_WITH_REPLIES} WHERE keys.scope = ?`,
        /SEARCH keys USING PRIMARY KEY \(scope=\?\); SEARCH replies USING INTEGER PRIMARY KEY/,
      ],
    ];
    for (const [sql, index] of plans) {
      const plan = sqlite.run(`EXPLAIN QUERY PLAN ${sql}`).map((row) => row['detail']);
      expect(plan.join('; ')).toMatch(index);
      expect(plan.join('; ')).not.toContain('TEMP B-TREE');
    }
  });
});
