import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { migrate, SCHEMA_VERSION } from '../../../src/ledger/schema.ts';
import { createNodeSqlite } from '../../../src/platform/node/sqlite.ts';

describe('the ledger schema', () => {
  it('is made once: a second start changes nothing', () => {
    const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
    const schema = () => sqlite.run('SELECT sql FROM sqlite_schema ORDER BY name');
    migrate(sqlite);
    const first = schema();
    migrate(sqlite);
    expect(schema()).toEqual(first);
    expect(sqlite.run('SELECT version FROM ledger_version')).toMatchObject([{ version: SCHEMA_VERSION }]);
    expect(sqlite.run('SELECT seq FROM head')).toMatchObject([{ seq: 0 }]);
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
        `SELECT * FROM requests WHERE issuer = ? AND client_id = ? AND subject = ? AND request_id < ? ORDER BY request_id DESC LIMIT ?`,
        /requests_by_owner/,
      ],
      [
        `SELECT * FROM requests WHERE request_id < ? ORDER BY request_id DESC LIMIT ?`,
        /SEARCH requests USING PRIMARY KEY/,
      ],
      [
        `SELECT request_id FROM requests WHERE state = 'open' AND expires_at <= ? ORDER BY expires_at, decided_seq LIMIT ?`,
        /requests_open/,
      ],
      [
        `SELECT request_id FROM requests WHERE state = 'unknown' AND look_at <= ? ORDER BY look_at, decided_seq LIMIT ?`,
        /requests_unsettled/,
      ],
      [
        `SELECT decided_seq FROM requests WHERE decided_seq <= ? AND (
           state IN ('open', 'unknown') OR
           EXISTS (SELECT 1 FROM keys WHERE keys.scope = requests.key_scope AND keys.request_id = requests.request_id)
         ) ORDER BY decided_seq LIMIT 1`,
        /requests_by_decided.*SEARCH keys USING INDEX/,
      ],
      [`DELETE FROM requests WHERE decided_seq <= ?`, /requests_by_decided/],
      [
        `SELECT * FROM checkpoints WHERE count > ? ORDER BY count LIMIT ?`,
        /SEARCH checkpoints USING INTEGER PRIMARY KEY/,
      ],
      [
        `SELECT position, line FROM checkpoints WHERE position > ? ORDER BY position LIMIT ?`,
        /SEARCH checkpoints USING INDEX/,
      ],
      [`DELETE FROM counters WHERE window_end <= ?`, /SEARCH counters USING PRIMARY KEY/],
      [`DELETE FROM keys WHERE keep_until <= ?`, /keys_by_keep_until/],
    ];
    for (const [sql, index] of plans) {
      const plan = sqlite.run(`EXPLAIN QUERY PLAN ${sql}`).map((row) => row['detail']);
      expect(plan.join('; ')).toMatch(index);
      expect(plan.join('; ')).not.toContain('TEMP B-TREE');
    }
  });
});
