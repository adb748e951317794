import { describe, expect, it } from 'vitest';
import { postgresUrlOf, readPostgresUrl } from '../../../../src/config/reading/postgres-url.ts';
import { loadConfig } from '../../../../src/config/load.ts';

const FORM = 'must be written as postgres://user@host:5432/database';

describe('the URL of a ledger in PostgreSQL', () => {
  it.each([
    [
      'postgres://invites@db.example.com/ledgers',
      {
        host: 'db.example.com',
        port: 5432,
        user: 'invites',
        database: 'ledgers',
        schema: 'galileo_invite_ledger',
        tls: true,
      },
    ],
    [
      'postgresql://invites@10.0.0.7:6432/ledgers?schema=emea',
      { host: '10.0.0.7', port: 6432, schema: 'emea', tls: true },
    ],
    ['postgres://invites@db/ledgers?sslmode=disable', { host: 'db', tls: false }],
    ['postgres://invites@db/ledgers?sslmode=verify-full', { tls: true }],
    ['postgres://invites@localhost/ledgers', { host: 'localhost', tls: false }],
    ['postgres://invites@127.0.0.1/ledgers?sslmode=verify-full', { host: '127.0.0.1', tls: true }],
    ['postgres://invites@[::1]/ledgers', { host: '::1', tls: false }],
    ['postgres:///ledgers?host=/run/postgresql&user=invites', { host: '/run/postgresql', user: 'invites', tls: false }],
    ['postgres://team%20a@db/my%2Ddb', { user: 'team a', database: 'my-db' }],
    ['postgres://svc,ledger@db/ledgers', { user: 'svc,ledger', host: 'db' }],
  ])('is read: %s', (text, place) => {
    expect(readPostgresUrl(text)).toMatchObject({ kind: 'postgres', ...place });
  });

  it.each([
    [
      'postgres://invites:hunter2hunter2@db/ledgers',
      'has a password: put it into a file, and its path into LEDGER_PASSWORD_FILE',
    ],
    ['postgres://db/ledgers', `names no user; ${FORM}`],
    ['postgres://invites@db', `names no database; ${FORM}`],
    ['postgres://invites@db/a/b', `names no database; ${FORM}`],
    ['postgres://invites@/ledgers', FORM],
    ['postgres://', `names no user; ${FORM}`],
    ['postgres://invites@db:port/ledgers', FORM],
    ['postgres://invites%zz@db/ledgers', `${FORM}; %, spaces and the like are written as %25, %20`],
    ['postgres://invites@db/ledgers#x', 'has a fragment (#), which is not read here: write # as %23'],
    [
      'postgres://invites@db/ledgers?connect_timeout=3',
      'has parameters that are not read here; there are schema, sslmode, host and user',
    ],
    ...['postgres://invites@db-1,db-2/ledgers', 'postgresql://invites@db-1:5432,db-2:5432/ledgers'].map((url) => [
      url,
      'names several hosts: give one, a name that always leads to the primary',
    ]),
    ...['postgres://invites@%2Frun%2Fpostgresql/ledgers', 'postgres://invites@büro.example/ledgers'].map((url) => [
      url,
      'has a host that is no name and no address; a Unix socket is written as postgres:///database?host=/run/postgresql&user=name',
    ]),
    ['postgres://invites@db/ledgers?sslmode=disable&sslmode=verify-full', 'has a parameter twice'],
    ...['postgres://invites@db:0/ledgers', 'postgres://invites%00x@db/ledgers', 'postgres://invites@db/led%0Agers'].map(
      (url) => [url, FORM],
    ),
    ['postgres://invites@db/ledgers?schema=Emea', 'has a schema that is no plain name: small letters, digits and _'],
    ['postgres://invites@db/ledgers?schema=pg_x', 'has a schema that is no plain name: small letters, digits and _'],
    ...['require', 'prefer', 'verify-ca', ''].map((mode) => [
      `postgres://invites@db/ledgers?sslmode=${mode}`,
      'has an sslmode that does not check who the server is; there are verify-full and disable',
    ]),
    ...[
      'postgres://invites@db/ledgers?host=/run',
      'postgres:///ledgers?host=db&user=invites',
      'postgres://db/x?user=y',
    ].map((url) => [
      url,
      'has parameters that are for a Unix socket alone; its form is postgres:///database?host=/run/postgresql&user=name',
    ]),
    [
      'postgres:///ledgers?host=/run/postgresql&user=invites&sslmode=verify-full',
      'has sslmode=verify-full for a Unix socket, which has no TLS',
    ],
  ])('is refused without being quoted: %s', (text, problem) => {
    expect(readPostgresUrl(text ?? '')).toBe(problem);
  });
});

describe('the URL that is shown for a place', () => {
  it.each([
    'postgres://invites@db.example.com/ledgers',
    'postgres://invites@db.example.com:6432/ledgers?schema=other&sslmode=disable',
    'postgres://invites@127.0.0.1/ledgers?sslmode=verify-full',
    'postgres://in%20vites@[::1]:5433/led%25gers',
    'postgres://invites@[2001:db8::1]/ledgers',
    'postgres:///ledgers?host=%2Frun%2Fpostgresql&user=invites&schema=other',
  ])('is read as the same place: %s', (url) => {
    const place = readPostgresUrl(url);
    if (typeof place === 'string') throw new Error(place);
    expect(postgresUrlOf(place)).toBe(url);
  });
});

describe('settings of one kind of ledger', () => {
  const problemsOf = async (env: Readonly<Record<string, string>>): Promise<string[]> => {
    const loaded = await loadConfig({ env, readText: () => Promise.reject(new Error('ENOENT')) });
    const problems = loaded.kind === 'refused' ? loaded.problems : [];
    return problems.map(({ setting, message }) => `${setting} ${message}`).filter((one) => one.startsWith('LEDGER_'));
  };

  it('are refused beside the other, by name', async () => {
    expect(await problemsOf({ LEDGER_PASSWORD_FILE: '/run/p', LEDGER_CA_FILE: '/run/ca.pem' })).toEqual([
      'LEDGER_PASSWORD_FILE has no effect: LEDGER_URL names a file',
      'LEDGER_CA_FILE has no effect: LEDGER_URL names a file',
    ]);
    expect(await problemsOf({ LEDGER_URL: 'postgres://invites@db/ledgers', LEDGER_MIN_FREE_MB: '64' })).toEqual([
      'LEDGER_MIN_FREE_MB has no effect: LEDGER_URL names a database, whose disk is not seen from here',
    ]);
    expect(
      await problemsOf({ LEDGER_URL: 'postgres://invites@db/ledgers?sslmode=disable', LEDGER_CA_FILE: '/run/ca.pem' }),
    ).toEqual(['LEDGER_CA_FILE has no effect: the connection to LEDGER_URL is without TLS']);
    expect(
      await problemsOf({
        LEDGER_URL: 'postgres://invites@db/ledgers',
        LEDGER_CA_FILE: '/run/ca.pem',
        LEDGER_PASSWORD_FILE: '/run/p',
      }),
    ).toEqual([]);
  });
});
