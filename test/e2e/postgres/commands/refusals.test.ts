import { writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../../../../src/ledger/postgres/schema.ts';
import { beginWriting, MIGRATION_LIMITS, withConnection } from '../../../../src/ledger/postgres/transaction.ts';
import type { Connections } from '../../../../src/platform/node/ledger/postgres/connections.ts';
import { testUuid7 } from '../../../support/clock.ts';
import { startPgBouncer } from '../../../support/postgres/pgbouncer.ts';
import { connectTo, freshSchema } from '../../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../../support/postgres/postgres-server.ts';
import { runCli } from '../cli.ts';

/** What a command says when the server does not let it read, or ends what it reads. Nothing is changed by any of them. */
const PASSWORD = 'Passw0rd-of-the-ledger';
let server: PostgresServer;
let connections: Connections;
let folder: string;
let schema: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invite-proxy-refusals-'));
  server = await startPostgres({
    prepare(data, run) {
      run('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C']);
      writeFileSync(
        join(data, 'pg_hba.conf'),
        'host all invites 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n' +
          'host replication postgres 127.0.0.1/32 trust\n',
      );
    },
  });
  connections = connectTo(server.port, 4);
  schema = freshSchema();
  await withConnection(connections, async (connection) => {
    await connection.run(`CREATE ROLE invites LOGIN PASSWORD '${PASSWORD}'`);
    await beginWriting(connection.run, schema, MIGRATION_LIMITS);
    await migrate(connection.run, schema);
    await connection.run(`GRANT USAGE ON SCHEMA "${schema}" TO invites`);
    await connection.run(`GRANT SELECT ON ALL TABLES IN SCHEMA "${schema}" TO invites`);
    await connection.commit();
  });
});
afterAll(async () => {
  await connections.close();
  await server.remove();
  await rm(folder, { recursive: true });
});

const urlOf = ({ user = 'postgres', port = server.port, of = schema, database = 'postgres' } = {}): string =>
  `postgres://${user}@127.0.0.1:${port}/${database}?schema=${of}`;

const verify = (LEDGER_URL: string, env: Readonly<Record<string, string>> = {}) =>
  runCli(['audit', 'verify'], { LEDGER_URL, ...env });

describe('a server that does not let a command read', () => {
  it('is named with the password at fault, which is in no output', async () => {
    const file = join(folder, 'password');
    const missing = await verify(urlOf({ user: 'invites' }));
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('give LEDGER_PASSWORD_FILE')]);
    await writeFile(file, 'Another-Passw0rd\n');
    const wrong = await verify(urlOf({ user: 'invites' }), { LEDGER_PASSWORD_FILE: file });
    expect(wrong.code).toBe(2);
    expect(wrong.err).toBe('LEDGER_URL names a user whose password the server refuses: check LEDGER_PASSWORD_FILE\n');
    const absent = await verify(urlOf({ user: 'invites' }), { LEDGER_PASSWORD_FILE: join(folder, 'none') });
    expect([absent.code, absent.err]).toEqual([2, expect.stringContaining('LEDGER_PASSWORD_FILE')]);
    await writeFile(file, `${PASSWORD}\n`);
    expect(await verify(urlOf({ user: 'invites' }), { LEDGER_PASSWORD_FILE: file })).toMatchObject({
      code: 0,
      err: '',
    });
  });

  it.each([
    ['nobody listens', () => urlOf({ port: 1 }), 'names a server that refuses connections'],
    ['there is no database', () => urlOf({ database: 'none' }), 'names a database that is not there'],
    ['there is no ledger', () => urlOf({ of: 'none' }), 'there is no ledger in its schema none'],
  ])('is refused with a sentence: %s', async (_what, url, sentence) => {
    const { code, err } = await verify(url());
    expect([code, err]).toEqual([2, expect.stringContaining(sentence)]);
  });
});

describe('a ledger of another version', () => {
  it('is read when it is older, and not written; a newer one is refused', async () => {
    const older = freshSchema();
    await withConnection(connections, async (connection) => {
      await beginWriting(connection.run, older, MIGRATION_LIMITS);
      await migrate(connection.run, older);
      // As the first version left it.
      await connection.run('DROP TABLE sign_in_salt, sign_in_holds');
      await connection.run('UPDATE ledger_version SET version = 1');
      await connection.commit();
    });
    expect(await verify(urlOf({ of: older }))).toMatchObject({ code: 0 });
    const settle = ['requests', 'settle', testUuid7(1), '--as', 'refused', '--reason', 'not there', '--by', 'Ann'];
    const written = await runCli(settle, { LEDGER_URL: urlOf({ of: older }) });
    expect([written.code, written.err]).toEqual([
      2,
      expect.stringContaining(
        'the ledger has schema version 1, and this program writes 2: start the service of this release once',
      ),
    ]);
    await withConnection(
      connections,
      async ({ run }) => void (await run(`UPDATE "${older}".ledger_version SET version = 3`)),
    );
    for (const command of [['audit', 'verify'], settle]) {
      const { code, err } = await runCli(command, { LEDGER_URL: urlOf({ of: older }) });
      expect([code, err]).toEqual([
        2,
        expect.stringContaining('schema version 3; this program knows 2: run the newer program'),
      ]);
    }
  });
});

describe('a server that ends what a command reads', () => {
  /** Runs `audit verify` against a table that another transaction keeps, and `act` once it waits for that. */
  async function whileItWaits(act: (pid: number) => string | null): Promise<{ code: number; err: string }> {
    return await withConnection(connections, async (holder) => {
      await holder.run('BEGIN');
      await holder.run(`LOCK TABLE "${schema}".cursors IN ACCESS EXCLUSIVE MODE`);
      const verifying = verify(urlOf());
      let pid: number | undefined;
      while (pid === undefined) {
        const waiting = await holder.run<{ pid: number }>(
          `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'galileo-invite-proxy'`,
        );
        pid = waiting[0]?.pid;
        // What is shown of other sessions is of the first look in a transaction.
        await holder.run('SELECT pg_stat_clear_snapshot()');
      }
      const statement = act(pid);
      if (statement !== null) await holder.run(statement);
      const ended = await verifying;
      await holder.run('ROLLBACK');
      return ended;
    });
  }

  it.each([
    [
      'a statement that takes too long',
      (pid: number) => `SELECT pg_cancel_backend(${pid})`,
      'ended a statement which took too long',
    ],
    [
      'the connection',
      (pid: number) => `SELECT pg_terminate_backend(${pid})`,
      'names a server that ended the connection',
    ],
    ['a wait for a lock', () => null, 'names a ledger that another transaction keeps locked'],
  ])('is named with what it ended, and nothing is said about the trail: %s', async (_what, act, sentence) => {
    const { code, err } = await whileItWaits(act);
    expect([code, err]).toEqual([2, expect.stringContaining(sentence)]);
  });
});

it('a standby is read, and not written', async () => {
  const from = ['-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres'];
  const standby = await startPostgres({
    prepare: (data, run) => void run('pg_basebackup', ['-D', data, ...from, '-R', '--no-sync']),
  });
  try {
    expect(await verify(urlOf({ port: standby.port }))).toMatchObject({ code: 0, err: '' });
    const settle = ['requests', 'settle', testUuid7(1), '--as', 'refused', '--reason', 'not there', '--by', 'Ann'];
    const { code, err } = await runCli(settle, { LEDGER_URL: urlOf({ port: standby.port }) });
    expect([code, err]).toEqual([2, expect.stringContaining('names a server that is a standby or read-only')]);
  } finally {
    await standby.remove();
  }
});

it('PgBouncer in transaction mode may stand in between', async () => {
  const bouncer = await startPgBouncer(server.port);
  try {
    expect(await verify(urlOf({ port: bouncer.port }))).toMatchObject({ code: 0, err: '' });
  } finally {
    await bouncer.stop();
  }
});
