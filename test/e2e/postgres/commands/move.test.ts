import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { readPostgresUrl } from '../../../../src/config/reading/postgres-url.ts';
import { beginMove } from '../../../../src/platform/node/ledger/move/begin-move.ts';
import { CARRIED_TABLES, OTHER_TABLES } from '../../../../src/platform/node/ledger/move/carried-tables.ts';
import type { ServerLedger } from '../../../../src/platform/node/ledger/postgres/access.ts';
import { connectTo, freshSchema } from '../../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../../support/postgres/postgres-server.ts';
import { inviteWithKey, stopCleanly } from '../../invite-with-key.ts';
import { startRunning } from '../../running.ts';
import type { Running } from '../../running.ts';
import { runCli } from '../cli.ts';

/** A ledger that a service wrote to a file, carried to PostgreSQL, where the service goes on with it. */
let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

const urlOf = (schema: string): string => `postgres://postgres@127.0.0.1:${server.port}/postgres?schema=${schema}`;

async function sql<R extends object>(statement: string): Promise<readonly R[]> {
  const connections = connectTo(server.port, 1);
  const connection = await connections.connect();
  const rows = await connection.run<R>(statement);
  connection.release();
  await connections.close();
  return rows;
}

function targetIn(schema: string): ServerLedger {
  const place = readPostgresUrl(urlOf(schema));
  if (typeof place === 'string') throw new Error(place);
  return { kind: 'postgres', place, access: { caFile: null, passwordFile: null }, namedBy: 'TARGET' };
}

/** A stopped ledger with an accepted, a refused and an unknown request, and the service that wrote it. */
async function stoppedLedger(): Promise<{ readonly path: string; readonly service: Running }> {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-move-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'ledger.db');
  const service = await startRunning({ LEDGER_URL: `sqlite:${path}` });
  expect((await inviteWithKey(service, 'ann@acme.com', 'onboarding-run-1')).status).toBe(200);
  expect((await inviteWithKey(service, 'eve@rival.io', 'onboarding-run-2')).status).toBe(403);
  service.standIns.galileo.script({ kind: 'hangup', when: 'after_body' });
  expect((await inviteWithKey(service, 'bo@acme.com', 'onboarding-run-3')).status).toBe(504);
  await stopCleanly(service);
  return { path, service };
}

const move = (path: string, schema: string, ...more: readonly string[]) =>
  runCli(['ledger', 'move', `sqlite:${path}`, urlOf(schema), ...more], {});

describe('ledger move', () => {
  it('carries a stopped ledger over, and the service goes on with it: keys replay, and the trail is one', async () => {
    const { path, service } = await stoppedLedger();
    const schema = freshSchema();
    const moved = await move(path, schema, '--json');
    expect([moved.code, moved.err]).toEqual([0, '']);
    const report = JSON.parse(moved.out) as { rows: Record<string, number>; head: { seq: number }; kept: string };
    expect(report).toMatchObject({
      source: path,
      target: urlOf(schema),
      was_there: false,
      rows: { requests: 3, keys: 2 },
    });
    expect(await runCli(['audit', 'verify'], { LEDGER_URL: urlOf(schema) })).toMatchObject({ code: 0 });

    const next = await startRunning({ ...service.standIns.env, LEDGER_URL: urlOf(schema) });
    const repeated = await inviteWithKey(next, 'ann@acme.com', 'onboarding-run-1', service);
    expect([repeated.status, repeated.headers.get('Idempotency-Replayed')]).toEqual([200, 'true']);
    expect((await inviteWithKey(next, 'cleo@acme.com', 'onboarding-run-4', service)).status).toBe(200);
    await stopCleanly(next);
    const verified = await runCli(['audit', 'verify', '--json', '--whole'], { LEDGER_URL: urlOf(schema) });
    expect([verified.code, verified.err]).toEqual([0, '']);

    const again = await startRunning({ LEDGER_URL: `sqlite:${path}` }).then(
      () => 'started',
      (error: unknown) => String(error),
    );
    expect(again).toContain('was moved to PostgreSQL: the text in its place says where to');
    expect(await readFile(path, 'utf8')).toContain(`It is at ${urlOf(schema)} since`);
    expect(await runCli(['audit', 'verify', '--ledger', report.kept], {})).toMatchObject({ code: 0 });
    expect((await readdir(dirname(path))).filter((name) => name.startsWith('ledger.db')).toSorted()).toEqual([
      'ledger.db',
      'ledger.db-lock',
      basename(report.kept),
    ]);
  });

  it('finds by the same command that it was done, compares every row, and takes the file away', async () => {
    const { path, service } = await stoppedLedger();
    const schema = freshSchema();
    const first = JSON.parse((await move(path, schema, '--json')).out) as { kept: string };
    // As if it had been killed behind the commit.
    await rename(first.kept, path);
    await writeFile(`${path}.moving-2026-03-02T10-00-00Z`, 'as it is left behind');
    await sql(`UPDATE "${schema}".replies SET reply = reply || ' '`);
    const other = await move(path, schema);
    expect([other.code, other.err]).toEqual([2, expect.stringContaining('but another table replies')]);
    await sql(`UPDATE "${schema}".replies SET reply = rtrim(reply)`);
    const second = await move(path, schema);
    expect([second.code, second.out]).toEqual([
      0,
      expect.stringMatching(/The target had it already\. All \d+ rows are the same/),
    ]);

    const names = await readdir(dirname(path));
    expect(names.filter((name) => name.includes('.moving-'))).toEqual([]);
    const kept = names.find((name) => name.includes('.moved-')) ?? '';
    await rename(join(dirname(path), kept), path);
    await stopCleanly(await startRunning({ ...service.standIns.env, LEDGER_URL: urlOf(schema) }));
    const third = await move(path, schema);
    expect([third.code, third.out]).toEqual([0, expect.stringContaining('a service has gone on with it')]);
  });

  it('refuses a ledger that a service uses, and a target that holds another one', async () => {
    const { path } = await stoppedLedger();
    const other = await stoppedLedger();
    const schema = freshSchema();
    expect((await move(other.path, schema)).code).toBe(0);
    const refused = await move(path, schema);
    expect([refused.code, refused.err]).toEqual([
      2,
      expect.stringContaining('of the target holds another ledger, with'),
    ]);

    const service = await startRunning({ LEDGER_URL: `sqlite:${path}` });
    const inUse = await move(path, freshSchema());
    expect([inUse.code, inUse.err]).toEqual([2, expect.stringContaining('is in use by another process')]);
    await stopCleanly(service);
    expect(await runCli(['audit', 'verify', '--ledger', path], {})).toMatchObject({ code: 0 });
  });

  it('refuses a damaged ledger, and leaves both sides as they were', async () => {
    const { path } = await stoppedLedger();
    const database = new DatabaseSync(path);
    database.exec(`UPDATE requests SET state = 'refused' WHERE state = 'accepted'`);
    database.close();
    const schema = freshSchema();
    const { code, err } = await move(path, schema);
    expect([code, err]).toEqual([1, expect.stringContaining('the trail in the file is broken, 1 fault')]);
    expect(await sql(`SELECT 1 FROM pg_namespace WHERE nspname = '${schema}'`)).toEqual([]);
  });

  it('leaves the target empty and the file untouched when the server ends the connection in the middle', async () => {
    const { path } = await stoppedLedger();
    const schema = freshSchema();
    const before = await readFile(path);
    const unfinished = await beginMove({ source: path, target: targetIn(schema) });
    await unfinished.carry(() => undefined);
    await sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'galileo-invite-proxy' AND state = 'idle in transaction'`);
    await expect(unfinished.commit()).rejects.toThrow('TARGET names a server that ended the connection');
    await unfinished.end();
    expect(await sql(`SELECT 1 FROM pg_namespace WHERE nspname = '${schema}'`)).toEqual([]);
    expect((await readFile(path)).equals(before)).toBe(true);
    expect((await move(path, schema)).code).toBe(0);
  });

  it('moves from a file to PostgreSQL only, and says so', async () => {
    const back = await runCli(['ledger', 'move', urlOf('s'), 'sqlite:./never-made.db'], {});
    expect([back.code, back.err]).toEqual([64, expect.stringContaining('a ledger moves from a file to PostgreSQL')]);
  });
});

describe('the tables that are carried', () => {
  it('are all tables of both ledgers, with every column', async () => {
    const { path } = await stoppedLedger();
    const database = new DatabaseSync(path, { readOnly: true });
    const inFile = database
      .prepare(
        `SELECT m.name AS "table", group_concat(c.name ORDER BY c.name) AS columns FROM sqlite_schema AS m, pragma_table_info(m.name) AS c
         WHERE m.type = 'table' GROUP BY m.name`,
      )
      .all() as { table: string; columns: string }[];
    database.close();
    const schema = freshSchema();
    expect((await move(path, schema)).code).toBe(0);
    const inServer = await sql<{ table: string; columns: string }>(
      `SELECT table_name AS "table", string_agg(column_name, ',' ORDER BY column_name COLLATE "C") AS columns
       FROM information_schema.columns WHERE table_schema = '${schema}' GROUP BY table_name`,
    );
    const carried = Object.fromEntries(
      CARRIED_TABLES.map(({ name, columns }) => [name, Object.keys(columns).toSorted().join(',')]),
    );
    const others = new Set<string>(OTHER_TABLES);
    const rest = (tables: readonly { table: string; columns: string }[]) =>
      Object.fromEntries(
        tables.filter(({ table }) => !others.has(table)).map(({ table, columns }) => [table, columns]),
      );
    expect(rest(inFile)).toEqual(carried);
    expect(rest(inServer)).toEqual(carried);
  });
});
