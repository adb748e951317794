import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPostgresUrl } from '../../../src/config/reading/postgres-url.ts';
import { POSTGRES_SCHEMA_VERSION } from '../../../src/ledger/postgres/schema.ts';
import { openPostgres } from '../../../src/platform/node/ledger/postgres/open-postgres.ts';
import { clock, ids, schedule } from '../../../src/platform/node/runtime.ts';
import { connectTo, freshSchema } from '../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../support/postgres/postgres-server.ts';
import { startRunning } from '../running.ts';
import type { Running } from '../running.ts';
import { runCli } from './cli.ts';

/** The service as a process on a ledger in PostgreSQL: its start, its refusals by name, and two replicas. */
let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

const urlOf = (schema: string, { user = 'postgres', database = 'postgres', port = server.port } = {}): string =>
  `postgres://${user}@127.0.0.1:${port}/${database}?schema=${schema}`;

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** The sentence of the refusal; null when it opens. */
async function refusalOf(url: string): Promise<string | null> {
  const place = readPostgresUrl(url);
  if (typeof place === 'string') throw new Error(place);
  const opening = openPostgres({
    ...{ place, caFile: null, passwordFile: null, clock, schedule, ids, logger: silent, metrics: { count() {} } },
  });
  return await opening.then(
    async (ledger) => {
      await ledger.close();
      return null;
    },
    (error: unknown) => (error instanceof Error ? error.message : ''),
  );
}

async function sql(statement: string, port = server.port): Promise<void> {
  const connections = connectTo(port, 1);
  const connection = await connections.connect();
  await connection.run(statement);
  connection.release();
  await connections.close();
}

describe('a start on PostgreSQL', () => {
  it('creates its tables in a schema of its own, and finds them again', async () => {
    const url = urlOf(freshSchema());
    expect(await refusalOf(url)).toBeNull();
    expect(await refusalOf(url)).toBeNull();
  });

  it('lets several replicas start at once on an empty database', async () => {
    const url = urlOf(freshSchema());
    expect(await Promise.all([1, 2, 3, 4].map(() => refusalOf(url)))).toEqual([null, null, null, null]);
  });

  it('is refused by a server with fsync=off', async () => {
    const unsafe = await startPostgres({ settings: ['fsync=off'] });
    expect(await refusalOf(urlOf(freshSchema(), { port: unsafe.port }))).toBe(
      'LEDGER_URL cannot be used: the server runs with fsync=off: it loses commits at a crash',
    );
    await unsafe.remove();
  });

  it('is refused for a user whose commits are not synchronous', async () => {
    await sql(`CREATE ROLE hasty LOGIN SUPERUSER; ALTER ROLE hasty SET synchronous_commit = off`);
    expect(await refusalOf(urlOf(freshSchema(), { user: 'hasty' }))).toBe(
      'LEDGER_URL cannot be used: synchronous_commit is off, for the server, the database or the user: it loses commits at a crash',
    );
  });

  it('is refused in a database of another encoding', async () => {
    await sql(`CREATE DATABASE latin ENCODING LATIN1 TEMPLATE template0 LOCALE 'C'`);
    expect(await refusalOf(urlOf(freshSchema(), { database: 'latin' }))).toBe(
      'LEDGER_URL cannot be used: the database has the encoding LATIN1, and not UTF8',
    );
  });

  it('is refused by a ledger of a newer version', async () => {
    const schema = freshSchema();
    await refusalOf(urlOf(schema));
    await sql(`UPDATE ${schema}.ledger_version SET version = 99`);
    expect(await refusalOf(urlOf(schema))).toContain('the ledger has schema version 99; this program knows');
  });

  it.each([
    [
      'a trigger',
      'CREATE TRIGGER t BEFORE UPDATE ON LEDGER.head FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
      'has a trigger, a rule, a view, an inheriting table or row-level security',
    ],
    [
      'an unlogged table',
      'ALTER TABLE LEDGER.records SET UNLOGGED',
      'is UNLOGGED, so a crash of the server empties it',
    ],
  ])('is refused by a ledger with %s', async (_what, statement, sentence) => {
    const schema = freshSchema();
    await refusalOf(urlOf(schema));
    await sql(statement.replace('LEDGER', schema));
    expect(await refusalOf(urlOf(schema))).toContain(sentence);
  });

  it('is refused by a ledger whose last records were changed', async () => {
    const schema = freshSchema();
    await refusalOf(urlOf(schema));
    await sql(`UPDATE ${schema}.head SET seq = 3`);
    expect(await refusalOf(urlOf(schema))).toContain('the audit trail is broken at seq 1');
  });

  it.each([
    ['a database that is not there', { database: 'nowhere' }, 'names a database that is not there'],
    ['a port on which nothing listens', { port: 1 }, 'names a server that refuses connections'],
    ['a user that is not there', { user: 'nobody' }, 'names a user that the server does not let in'],
  ])('names %s', async (_what, changes, sentence) => {
    expect(await refusalOf(urlOf('s', changes))).toContain(sentence);
  });

  it('names a user without privileges', async () => {
    await sql(`CREATE ROLE poor LOGIN`);
    expect(await refusalOf(urlOf(freshSchema(), { user: 'poor' }))).toContain('names a user without the privileges');
  });

  it('names a schema that was restored as another user', async () => {
    const schema = freshSchema();
    await refusalOf(urlOf(schema));
    await sql(`CREATE ROLE stranger LOGIN`);
    expect(await refusalOf(urlOf(schema, { user: 'stranger' }))).toContain('that the user may not use (GRANT USAGE)');
    await sql(`GRANT USAGE ON SCHEMA ${schema} TO stranger`);
    expect(await refusalOf(urlOf(schema, { user: 'stranger' }))).toContain('must own its schema and the tables in it');
  });

  it('refuses a server without TLS where TLS is asked for', async () => {
    expect(await refusalOf(`${urlOf('s')}&sslmode=verify-full`)).toContain('names a server without TLS');
  });
});

describe('two replicas on one ledger', () => {
  const invite = (replica: Running, token: string, key: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${replica.port}/v2/invite_users`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'Idempotency-Key': key },
      body: JSON.stringify({ emails: ['ann@acme.com'], auth_method: 'okta' }),
    });

  it('send an invite with one key once, and each finds what the other has recorded', async () => {
    const LEDGER_URL = urlOf(freshSchema());
    const first = await startRunning({ LEDGER_URL });
    const second = await startRunning({ ...first.standIns.env, LEDGER_URL });
    const token = await first.token();
    const sent = await invite(first, token, 'order-66-attempt-1');
    expect(sent.status).toBe(200);
    const repeated = await invite(second, token, 'order-66-attempt-1');
    expect(repeated.status).toBe(200);
    expect(repeated.headers.get('Idempotency-Replayed')).toBe('true');
    const id = sent.headers.get('X-Request-Id') ?? '';
    const found = await fetch(`http://127.0.0.1:${second.port}/v2/invite_requests/${id}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    expect(await found.json()).toMatchObject({ state: 'accepted' });
    expect(await (await fetch(`http://127.0.0.1:${second.opsPort}/readyz`)).json()).toMatchObject({ ledger: 'ok' });
  });

  it('go on by themselves after the server was restarted', async () => {
    const own = await startPostgres();
    const LEDGER_URL = urlOf(freshSchema(), { port: own.port });
    const replica = await startRunning({ LEDGER_URL });
    const token = await replica.token();
    expect((await replica.invite('ann@acme.com', token)).status).toBe(200);
    await own.stop('immediate');
    const refused = await replica.invite('bo@acme.com', token);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: 'ledger_unavailable', origin: 'proxy' });
    await own.start();
    expect((await replica.invite('bo@acme.com', token)).status).toBe(200);
    expect(replica.standIns.galileo.received.length).toBe(2);
    replica.child.kill('SIGTERM');
    expect(await replica.exited).toBe(0);
    await own.remove();
  });
});

describe('the command line beside a ledger in PostgreSQL', () => {
  const cli = (args: readonly string[], LEDGER_URL: string) => runCli(args, { LEDGER_URL });

  it('doctor looks at the server, the version, the privileges and the trail', async () => {
    const schema = freshSchema();
    await refusalOf(urlOf(schema));
    const { out } = await cli(['doctor', '--json'], urlOf(schema));
    const { checks } = JSON.parse(out) as {
      checks: { id: string; status: string; message: string; details: object }[];
    };
    expect(checks.find(({ id }) => id === 'ledger')).toMatchObject({
      status: 'ok',
      details: { fsync: 'on', records: 0, schema_version: POSTGRES_SCHEMA_VERSION },
    });
    expect(checks.find(({ id }) => id === 'disk')).toMatchObject({ status: 'skipped' });
  });

  it('doctor says what is wrong with an address', async () => {
    const { out } = await cli(['doctor', '--json'], urlOf('s', { port: 1 }));
    expect(out).toContain('names a server that refuses connections');
  });
});
