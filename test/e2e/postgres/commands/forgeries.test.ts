/**
 * The forgeries of docs/forgeries.md on a ledger in PostgreSQL: each is carried out on the tables, and `audit verify` must
 * say of them what it says of a file, with each kind of evidence. What an attacker can do to a file alone is left out by
 * name; what only a server allows is added.
 */
import { copyFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../../../../src/ledger/postgres/schema.ts';
import { beginWriting, MIGRATION_LIMITS, withConnection } from '../../../../src/ledger/postgres/transaction.ts';
import { CARRIED_TABLES } from '../../../../src/platform/node/ledger/move/carried-tables.ts';
import { carryTable } from '../../../../src/platform/node/ledger/move/carry-rows.ts';
import type { Connections } from '../../../../src/platform/node/ledger/postgres/connections.ts';
import { createNodeSqlite } from '../../../../src/platform/node/ledger/sqlite.ts';
import { LEDGER_FAMILIES } from '../../../attack/forgeries/families.ts';
import { FORGED_SERVER, OF_A_FILE_ALONE } from '../../../attack/forgeries/forged-server.ts';
import { createLedgerForger } from '../../../attack/forgeries/ledger-forger.ts';
import type { HonestTrail } from '../../../attack/forgeries/honest-trail.ts';
import { makeHonestTrail } from '../../../attack/forgeries/honest-trail.ts';
import { verifyWith } from '../../../attack/forgeries/try-forgery.ts';
import { exitsOf } from '../../../attack/forgeries/verdicts.ts';
import { connectTo, freshSchema } from '../../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../../support/postgres/postgres-server.ts';
import { tempFolder } from '../../../unit/cli/audit/audit-harness.ts';
import type { Folder } from '../../../unit/cli/audit/audit-harness.ts';

let server: PostgresServer;
let connections: Connections;
let folder: Folder;
let honest: HonestTrail;
let copy: string;

beforeAll(async () => {
  server = await startPostgres({ settings: ['fsync=off', 'synchronous_commit=off'] });
  connections = connectTo(server.port, 2);
  folder = tempFolder();
  honest = await makeHonestTrail(folder.path('honest'));
  copy = folder.write('honest.ndjson', `${honest.lines.join('\n')}\n`);
});
afterAll(async () => {
  folder.remove();
  await connections.close();
  await server.remove();
});

/** The rows of a ledger file, as they are, in a schema of their own. */
async function storeIn(schema: string, database: DatabaseSync): Promise<void> {
  const sqlite = createNodeSqlite(database);
  await withConnection(connections, async (connection) => {
    const { run } = connection;
    await beginWriting(run, schema, MIGRATION_LIMITS);
    await migrate(run, schema);
    for (const table of CARRIED_TABLES) await carryTable(table, sqlite, { run, onRows: () => undefined });
    const [head] = sqlite.run<Record<string, string | number>>('SELECT * FROM head');
    if (head === undefined) await run('DELETE FROM head');
    else
      await run(
        `UPDATE head SET seq = $1, hash = $2, base_seq = $3, base_hash = $4, clock_ms = $5, recorded_ms = $6, policy_digest = $7`,
        ...['seq', 'hash', 'base_seq', 'base_hash', 'clock_ms', 'recorded_ms', 'policy_digest'].map(
          (name) => head[name] ?? null,
        ),
      );
    await connection.commit();
  });
}

async function tryIn(schema: string) {
  const url = `postgres://postgres@127.0.0.1:${server.port}/postgres?schema=${schema}`;
  const { finds, exits } = await verifyWith(honest, ['--ledger', url], ['--lines', copy], ({ ledger }) => ledger);
  await withConnection(connections, async ({ run }) => void (await run(`DROP SCHEMA "${schema}" CASCADE`)));
  return { finds, exits };
}

for (const family of LEDGER_FAMILIES) {
  const tried = family.forgeries.filter(({ forgery }) => !Object.hasOwn(OF_A_FILE_ALONE, forgery));
  describe(family.title, () => {
    it.each(tried.map((forgery) => [forgery.forgery, forgery] as const))('%s', async (_name, { forge, finds }) => {
      const workplace = tempFolder();
      try {
        const path = workplace.path('forged.db');
        copyFileSync(honest.ledger, path);
        const database = new DatabaseSync(path);
        await forge(createLedgerForger(honest, path, database));
        const forged = database.isOpen ? database : new DatabaseSync(path);
        const schema = freshSchema();
        await storeIn(schema, forged);
        forged.close();
        expect(await tryIn(schema)).toEqual({ finds, exits: exitsOf(finds) });
      } finally {
        workplace.remove();
      }
    });
  });
}

describe(FORGED_SERVER.title, () => {
  it.each(FORGED_SERVER.forgeries.map((forgery) => [forgery.forgery, forgery] as const))(
    '%s',
    async (_name, { forge, finds }) => {
      const schema = freshSchema();
      const database = new DatabaseSync(honest.ledger, { readOnly: true });
      await storeIn(schema, database);
      database.close();
      await forge({
        sql: (statements) =>
          withConnection(
            connections,
            async ({ run }) =>
              void (await run(
                statements.replaceAll('LEDGER', `"${schema}"`).replaceAll(`'"${schema}"'`, `'${schema}'`),
              )),
          ),
      });
      expect(await tryIn(schema)).toEqual({ finds, exits: exitsOf(finds) });
    },
  );

  it('has a row or a reason for each forgery of a file', () => {
    const known = new Set(LEDGER_FAMILIES.flatMap(({ forgeries }) => forgeries.map(({ forgery }) => forgery)));
    expect(Object.keys(OF_A_FILE_ALONE).filter((forgery) => !known.has(forgery))).toEqual([]);
  });
});
