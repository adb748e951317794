import { chownSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestAuthority } from '../../../support/postgres/certificates.ts';
import type { TestAuthority } from '../../../support/postgres/certificates.ts';
import { connectTo, freshSchema } from '../../../support/postgres/postgres-ledger.ts';
import { serverUser, startPostgres } from '../../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../../support/postgres/postgres-server.ts';
import { startRunning } from '../../running.ts';
import { runCli } from '../cli.ts';

/**
 * A server as production has it: the user of the ledger gets in over TLS alone and with a SCRAM password. What the service
 * and `doctor` say when the server's certificate or the password is not the right one.
 */
const PASSWORD = 'first-Passw0rd-of-the-ledger';
const NEXT_PASSWORD = 'next-Passw0rd-of-the-ledger';

let folder: string;
let server: PostgresServer;
let authority: TestAuthority;
/** Another one of the same name. */
let namesake: TestAuthority;
let stranger: TestAuthority;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ledger-access-'));
  authority = createTestAuthority('Acme Root CA');
  namesake = createTestAuthority('Acme Root CA');
  stranger = createTestAuthority('Another Root CA');
  server = await startPostgres({
    // A client that fails to sign in must close its connection itself: the server waits for longer than the test.
    settings: ['authentication_timeout=600', 'ssl=on', 'ssl_cert_file=server.crt', 'ssl_key_file=server.key'],
    prepare(data, run) {
      run('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C']);
      writeFileSync(
        join(data, 'pg_hba.conf'),
        'hostssl all invites 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n',
      );
      certify(data, authority, 'DNS:localhost');
    },
  });
  await sql(`CREATE ROLE invites LOGIN PASSWORD '${PASSWORD}'; GRANT CREATE ON DATABASE postgres TO invites`);
});

afterAll(async () => {
  await server.remove();
  for (const each of [authority, namesake, stranger]) each.remove();
  await rm(folder, { recursive: true });
});

/** PostgreSQL takes a key that belongs to its user and that others cannot read. */
function certify(data: string, by: TestAuthority, name: string, options?: { readonly days: number }): void {
  const paths = { cert: join(data, 'server.crt'), key: join(data, 'server.key') };
  by.sign(name, paths, options);
  const user = serverUser();
  if (user !== null) for (const path of Object.values(paths)) chownSync(path, user.uid, user.gid);
}

async function serveWith(by: TestAuthority, name: string, options?: { readonly days: number }): Promise<void> {
  await server.stop();
  certify(server.data, by, name, options);
  await server.start();
}

async function sql(statement: string): Promise<void> {
  const connections = connectTo(server.port, 1);
  const connection = await connections.connect();
  await connection.run(statement);
  connection.release();
  await connections.close();
}

function passwordFile(password: string): string {
  const path = join(folder, `password-${freshSchema()}`);
  writeFileSync(path, `${password}\n`, { mode: 0o600 });
  return path;
}

interface Access {
  readonly host?: string;
  readonly schema?: string;
  readonly password?: string | null;
  readonly caFile?: string | null;
}

function envOf({
  host = 'localhost',
  schema = freshSchema(),
  password = PASSWORD,
  caFile = authority.caFile,
}: Access = {}): Record<string, string> {
  return {
    LEDGER_URL: `postgres://invites@${host}:${server.port}/postgres?sslmode=verify-full&schema=${schema}`,
    ...(password === null ? {} : { LEDGER_PASSWORD_FILE: passwordFile(password) }),
    ...(caFile === null ? {} : { LEDGER_CA_FILE: caFile }),
  };
}

/** All that a start prints before it is refused. */
async function refusedStart(env: Readonly<Record<string, string>>): Promise<string> {
  const printed: string[] = [];
  const error: unknown = await startRunning(env, { onText: (line) => printed.push(line) }).then(
    () => new Error('the service has started'),
    (thrown: unknown) => thrown,
  );
  return [...printed, error instanceof Error ? error.message : ''].join('\n');
}

interface Check {
  readonly id: string;
  readonly status: string;
  readonly details: object;
}

async function doctor(env: Readonly<Record<string, string>>): Promise<{ out: string; ledger: Check | undefined }> {
  const { out, err } = await runCli(['doctor', '--json'], env);
  const { checks } = JSON.parse(out) as { checks: readonly Check[] };
  return { out: out + err, ledger: checks.find(({ id }) => id === 'ledger') };
}

/** Both say the sentence, and neither prints the password. */
async function expectRefused(env: Readonly<Record<string, string>>, sentence: string, password = PASSWORD) {
  for (const said of [await refusedStart(env), (await doctor(env)).out]) {
    expect(said).toContain(sentence);
    expect(said).not.toContain(password);
  }
}

describe('the certificate of the server', () => {
  it('is taken when its authority and its name are the right ones', async () => {
    await serveWith(authority, 'DNS:localhost');
    const env = envOf();
    const service = await startRunning(env);
    expect((await service.invite('ann@acme.com', await service.token())).status).toBe(200);
    const { ledger } = await doctor(env);
    expect(ledger).toMatchObject({ status: 'ok', details: { encrypted: true } });
  });

  it('may be of an address', async () => {
    await serveWith(authority, 'IP:127.0.0.1');
    expect((await doctor(envOf({ host: '127.0.0.1' }))).ledger).toMatchObject({ status: 'ok' });
  });

  it.each(['localhost', '127.0.0.1'])('of another host is refused for %s', async (host) => {
    await serveWith(authority, 'DNS:db.example.com');
    await expectRefused(envOf({ host }), 'LEDGER_URL names a host that the certificate of the server is not for');
  });

  it('of the name localhost is refused for an address', async () => {
    await serveWith(authority, 'DNS:localhost');
    await expectRefused(
      envOf({ host: '127.0.0.1' }),
      'LEDGER_URL names a host that the certificate of the server is not for',
    );
  });

  it.each([
    ['a stranger', () => stranger.caFile],
    ['an authority of the same name', () => namesake.caFile],
    ['none of those that Node knows', () => null],
  ])('is refused when LEDGER_CA_FILE is %s', async (_what, caFile) => {
    await serveWith(authority, 'DNS:localhost');
    await expectRefused(
      envOf({ caFile: caFile() }),
      'LEDGER_URL names a server whose certificate no known authority vouches for: give LEDGER_CA_FILE',
    );
  });

  it('may be of a new authority once LEDGER_CA_FILE holds it, without a restart', async () => {
    await serveWith(authority, 'DNS:localhost');
    const caFile = join(folder, 'ca-that-is-renewed.pem');
    writeFileSync(caFile, readFileSync(authority.caFile));
    const service = await startRunning(envOf({ caFile }));
    const token = await service.token();
    await serveWith(stranger, 'DNS:localhost');
    expect((await service.invite('ann@acme.com', token)).status).toBe(503);
    // A file that is written at this moment takes no authority away, and adds none.
    for (const text of ['', readFileSync(stranger.caFile, 'utf8').slice(0, 200)]) {
      writeFileSync(caFile, text);
      expect((await service.invite('ann@acme.com', token)).status).toBe(503);
    }
    writeFileSync(caFile, readFileSync(stranger.caFile));
    expect((await service.invite('ann@acme.com', token)).status).toBe(200);
  });

  it('is refused when it has expired', async () => {
    await serveWith(authority, 'DNS:localhost', { days: -1 });
    await expectRefused(envOf(), 'LEDGER_URL names a server whose certificate has expired');
  });
});

describe('the password', () => {
  const WRONG = 'wrong-Passw0rd-of-the-ledger';

  it('that is wrong names its setting and is not printed', async () => {
    await serveWith(authority, 'DNS:localhost');
    await expectRefused(
      envOf({ password: WRONG }),
      'LEDGER_URL names a user whose password the server refuses: check LEDGER_PASSWORD_FILE',
      WRONG,
    );
  });

  it('that is missing names its setting', async () => {
    await expectRefused(
      envOf({ password: null }),
      'LEDGER_URL names a user for whom the server wants a password: give LEDGER_PASSWORD_FILE',
    );
  });

  it('is not sent to a server whose certificate is not checked', async () => {
    const env = envOf({ caFile: null });
    await expectRefused(
      { ...env, LEDGER_URL: (env['LEDGER_URL'] ?? '').replace('verify-full', 'disable') },
      'LEDGER_URL names a user that the server does not let in (pg_hba.conf, or its client needs TLS)',
    );
  });

  it('that is rotated is taken without a restart', async () => {
    const env = envOf();
    const service = await startRunning(env);
    const token = await service.token();
    expect((await service.invite('ann@acme.com', token)).status).toBe(200);
    /** In the end: while other work of the service has the open connections, an invite would need a new one. */
    const isServed = (email: string) => expect.poll(async () => (await service.invite(email, token)).status).toBe(200);
    const endConnections = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'invites'`;

    await sql(`ALTER ROLE invites PASSWORD '${NEXT_PASSWORD}'`);
    // Open connections are not asked again.
    await isServed('bo@acme.com');
    await sql(endConnections);
    const refused = await service.invite('cy@acme.com', token);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: 'ledger_unavailable', origin: 'proxy' });
    const logged = await service.line((line) => line.event === 'ledger_write_failed' && line['sql_state'] === '28P01');
    expect(logged).toMatchObject({
      problem: 'LEDGER_URL names a user whose password the server refuses: check LEDGER_PASSWORD_FILE',
    });

    const path = env['LEDGER_PASSWORD_FILE'] ?? '';
    writeFileSync(`${path}.new`, `${NEXT_PASSWORD}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    expect((await service.invite('cy@acme.com', token)).status).toBe(200);
    expect(service.standIns.galileo.received).toHaveLength(3);
    const printed = service.stderr() + service.lines.map((line) => JSON.stringify(line)).join('\n');
    for (const password of [PASSWORD, NEXT_PASSWORD]) expect(printed).not.toContain(password);

    // A file that is gone keeps open connections, and refuses new ones.
    rmSync(path);
    await isServed('di@acme.com');
    await sql(endConnections);
    expect((await service.invite('ed@acme.com', token)).status).toBe(503);
    writeFileSync(path, readFileSync(passwordFile(NEXT_PASSWORD)));
    expect((await service.invite('ed@acme.com', token)).status).toBe(200);
    await sql(`ALTER ROLE invites PASSWORD '${PASSWORD}'`);
  });
});
