/** The values of variables as .env files, containers, shells and people really write them. */
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../../src/config/load.ts';
import { SETTINGS } from '../../../../src/config/schema.ts';
import type { SettingRow, Settings } from '../../../../src/config/schema.ts';

type Env = Readonly<Record<string, string>>;

const GOOD: Env = {
  GALILEO_API_KEY: 'a-good-key-0123456789',
  AUTH_ISSUERS: '[{"name":"corp","issuer":"https://login.example.com","audience":"invites"}]',
};
const readText = (): Promise<string> => Promise.reject(new Error('ENOENT'));

async function problemsOf(env: Env): Promise<string[]> {
  const loaded = await loadConfig({ env: { ...GOOD, ...env }, readText });
  return loaded.kind === 'refused' ? loaded.problems.map(({ setting, message }) => `${setting} ${message}`) : [];
}

async function settingsOf(env: Env): Promise<Settings> {
  const loaded = await loadConfig({ env: { ...GOOD, ...env }, readText });
  if (loaded.kind === 'refused') throw new Error(loaded.problems.map(({ message }) => message).join());
  return loaded.config.settings;
}

/** NO_PROXY is read to a function, so its answer stands for it. */
function comparable({ NO_PROXY: noProxy, ...rest }: Settings): unknown {
  return { ...rest, NO_PROXY: noProxy?.entryFor({ host: 'galileo.acme.com', port: 443 }) };
}

/** Every setting that is read beside the good ones, with a good value, and what else must be set for it to be read. */
const ROWS: Readonly<Record<string, SettingRow>> = SETTINGS;
const VALUES = Object.entries(ROWS)
  .filter(([name, { secret }]) => secret !== true && !name.endsWith('_FILE') && name !== 'INSECURE_DEV')
  .map(([name, { example, sink, needs, fallback, ofPasswordSchemes }]) => ({
    name,
    value:
      name === 'AUTH_ISSUERS'
        ? (GOOD[name] ?? '')
        : name === 'AUDIT_SINKS'
          ? 'stdout'
          : fallback === undefined || fallback === ''
            ? example
            : fallback,
    env: {
      ...(sink === 'otlp' ? { AUDIT_SINKS: 'otlp', OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'https://otlp.example.com' } : {}),
      ...(needs === undefined ? {} : { [needs]: ROWS[needs]?.example ?? '' }),
      ...(name.startsWith('AUDIT_HTTP')
        ? { AUDIT_SINKS: 'http', AUDIT_HTTP_URL: 'https://collector.example.com/audit' }
        : {}),
      ...(ofPasswordSchemes === true
        ? { GALILEO_AUTH: 'basic', GALILEO_API_KEY: '', GALILEO_PASSWORD: 'a-good-password-01' }
        : {}),
      // One without the other is refused, and so is the rest without both.
      ...(name.startsWith('CONSOLE_')
        ? { CONSOLE_ISSUER: 'https://login.example.com', CONSOLE_CLIENT_ID: 'console' }
        : {}),
      ...(name === 'AUDIT_EMAILS' ? { AUDIT_HMAC_KEY_FILE: '/run/key' } : {}),
    },
  }))
  .map((row) => (row.name === 'AUDIT_EMAILS' ? { ...row, value: 'hmac' } : row))
  // The general one of two is not read beside the one for logs, which the row above sets.
  .map((row) => (row.name === 'OTEL_EXPORTER_OTLP_ENDPOINT' ? { ...row, env: { AUDIT_SINKS: 'otlp' } } : row));

describe.each(VALUES)('$name', ({ name, value, env }) => {
  it('is read behind a byte order mark and before a line end', async () => {
    expect(await problemsOf({ ...env, [name]: `\uFEFF${value}\r\n` })).toEqual([]);
    const read = async (text: string): Promise<unknown> => comparable(await settingsOf({ ...env, [name]: text }));
    expect(await read(`\uFEFF${value}\n`)).toEqual(await read(value));
  });

  it('is refused by the cause when a line of a Windows file or quotes came with it', async () => {
    const lines = name === 'AUTH_ISSUERS';
    expect(await problemsOf({ ...env, [name]: `${value}\r` })).toEqual(
      lines ? [] : [`${name} ends in a carriage return, as lines of Windows files do: save its file with LF line ends`],
    );
    for (const quote of ['"', "'"]) {
      expect(await problemsOf({ ...env, [name]: quote + value + quote })).toEqual([
        `${name} has quotes around it; docker --env-file passes them on: remove them`,
      ]);
    }
    expect(await problemsOf({ ...env, [name]: `\${${name}}` })).toEqual([
      `${name} is a variable that nothing has replaced by its value: docker --env-file and systemd replace none`,
    ]);
  });
});

describe('a secret in a variable', () => {
  it.each(['GALILEO_API_KEY', 'GALILEO_API_KEY_NEXT'])('is refused by the cause without it: %s', async (name) => {
    const key = 'another-key-9876543210';
    for (const [value, cause] of [
      [`"${key}"`, 'has quotes around it'],
      [`${key}\r`, 'ends in a carriage return'],
      [`${name}=${key}`, 'holds a name and = before the value'],
      [`${key} # of the org`, 'holds a comment'],
      [` ${key}`, 'holds a space'],
    ] as const) {
      const problems = await problemsOf({ [name]: value });
      expect(problems).toEqual([expect.stringContaining(`${name} ${cause}`)]);
      expect(problems.join()).not.toContain('another');
    }
  });
});

describe('a word', () => {
  it.each([
    ['LOG_LEVEL', 'INFO', 'info'],
    ['LOG_LEVEL', ' Warn ', 'warn'],
    ['IDEMPOTENCY', 'Required', 'required'],
    ['AUDIT_FORMAT', 'OCSF', 'ocsf'],
    ['GALILEO_API_KEY_HEADER', 'galileo-api-key', 'Galileo-API-Key'],
    ['GALILEO_RECONCILE', 'ON', true],
    ['GALILEO_RECONCILE', 'Off', false],
  ] as const)('is read in any case and without spaces around it: %s=%s', async (name, value, read) => {
    expect((await settingsOf({ [name]: value }))[name]).toBe(read);
  });

  it.each([
    ['LOG_LEVEL', 'warning', 'must be debug, info, warn, error or silent; did you mean warn?'],
    ['LOG_LEVEL', 'trace', 'must be debug, info, warn, error or silent; did you mean debug?'],
    ['LOG_LEVEL', 'inof', 'must be debug, info, warn, error or silent; did you mean info?'],
    ['LOG_LEVEL', '30', 'must be debug, info, warn, error or silent'],
    ['IDEMPOTENCY', 'true', 'must be optional or required; did you mean required?'],
    ['GALILEO_RECONCILE', 'true', 'must be on or off; did you mean on?'],
    ['GALILEO_RECONCILE', '0', 'must be on or off; did you mean off?'],
    ['INSECURE_DEV', 'true', 'must be 0 or 1; did you mean 1?'],
    ['INSECURE_DEV', 'No', 'must be 0 or 1; did you mean 0?'],
    [
      'AUDIT_SINKS',
      'stdout,otel',
      'must be one or more of stdout, http, otlp, separated by commas; did you mean otlp?',
    ],
    ['AUDIT_FORMAT', 'ocfs', 'must be native or ocsf; did you mean ocsf?'],
    ['LOG_LEVEL', 'info # for now', 'holds a comment, which docker --env-file passes on: remove it'],
  ])('is refused with the word to write: %s=%s', async (name, value, message) => {
    expect(await problemsOf({ [name]: value })).toEqual([`${name} ${message}`]);
  });
});

describe('a number', () => {
  it('is read without spaces around it', async () => {
    expect(await settingsOf({ PORT: ' 8081 ', GALILEO_TIMEOUT_MS: ' 5000' })).toMatchObject({
      PORT: 8081,
      GALILEO_TIMEOUT_MS: 5000,
    });
  });

  it.each([
    ['GALILEO_TIMEOUT_MS', '15s', 'must be a whole number; write 15000'],
    ['GALILEO_TIMEOUT_MS', '1_500', 'must be a whole number; write 1500'],
    ['GALILEO_TIMEOUT_MS', '15,000', 'must be a whole number; write 15000'],
    ['GALILEO_TIMEOUT_MS', '15000ms', 'must be a whole number; write 15000'],
    ['GALILEO_TIMEOUT_MS', '1500.0', 'must be a whole number; write 1500'],
    ['GALILEO_TIMEOUT_MS', '+1500', 'must be a whole number; write 1500'],
    ['GALILEO_TIMEOUT_MS', '15m', 'must be a whole number'],
    ['GALILEO_TIMEOUT_MS', '15 parsecs', 'must be a whole number'],
    ['GALILEO_TIMEOUT_MS', '15', 'must be from 100 to 20000'],
    ['AUDIT_RETENTION_DAYS', '400 days', 'must be a whole number; write 400'],
    ['AUDIT_RETENTION_DAYS', '400d', 'must be a whole number; write 400'],
    ['LEDGER_MIN_FREE_MB', '1GB', 'must be a whole number; write 1024'],
    ['TRUSTED_PROXY_HOPS', 'one', 'must be a whole number'],
    ['PORT', ':8081', 'must be a port number alone; write 8081'],
    ['PORT', '0.0.0.0:8081', 'must be a port number alone; write 8081'],
    ['PORT', '8081/tcp', 'must be a port number alone; write 8081'],
    ['PORT', '80810', 'must be at most 65535'],
  ])('is refused with the number to write: %s=%s', async (name, value, message) => {
    expect(await problemsOf({ [name]: value })).toEqual([`${name} ${message}`]);
  });
});

describe('an address to listen on', () => {
  it.each([
    ['http://0.0.0.0', 'must be an address alone, without http:// and without a path'],
    ['0.0.0.0:8080', 'must be an address alone; the port is PORT'],
    ['[::]', 'must be an address without brackets, such as ::1'],
    ['*', 'must be an address; write 0.0.0.0 or :: for all of this machine'],
  ])('is none: %s', async (value, message) => {
    expect(await problemsOf({ HOST: value })).toEqual([`HOST ${message}`]);
  });

  it.each(['0.0.0.0', '::1', 'localhost', 'fe80::1%eth0'])('may be %s', async (value) => {
    expect(await problemsOf({ HOST: value })).toEqual([]);
  });
});

describe('a path', () => {
  it.each([
    ['~/policy.yaml', 'begins with ~, which only a shell replaces: write the whole path'],
    ['${HOME}/policy.yaml', 'holds a variable that nothing has replaced: write the whole path'],
    ['$HOME/policy.yaml', 'holds a variable that nothing has replaced: write the whole path'],
    ['%USERPROFILE%\\policy.yaml', 'holds a variable that nothing has replaced: write the whole path'],
    ['file:///etc/policy.yaml', 'must be a path, and not a URL'],
    ['s3://bucket/policy.yaml', 'must be a path, and not a URL'],
    ['version: 1\ncallers: {}', 'must be the path of a file, and not what the file holds'],
    ['{"version":1}', 'must be the path of a file, and not what the file holds'],
    ['policy.yaml ', 'has a space before or behind it: remove it'],
  ])('is none: %j', async (value, message) => {
    expect(await problemsOf({ POLICY_FILE: value })).toEqual([`POLICY_FILE ${message}`]);
  });

  it.each(['/etc/invite proxy/policy #1.yaml', '../policy.yaml', 'C:\\config\\policy.yaml', '/data/$x'])(
    'may be %s',
    async (value) => {
      expect((await settingsOf({ POLICY_FILE: value })).POLICY_FILE).toBe(value);
    },
  );

  it('of a secret is not the secret itself', async () => {
    const pem = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI\n-----END PRIVATE KEY-----';
    const problems = await problemsOf({ AUDIT_SIGNING_KEY_FILE: pem });
    expect(problems).toEqual(['AUDIT_SIGNING_KEY_FILE must be the path of a file, and not what the file holds']);
  });
});

describe('the address of the ledger', () => {
  it.each([
    ['sqlite:./data/ledger.db', './data/ledger.db'],
    ['sqlite:data/ledger.db', 'data/ledger.db'],
    ['sqlite:/var/lib/ledger.db', '/var/lib/ledger.db'],
    ['sqlite:///var/lib/ledger.db', '/var/lib/ledger.db'],
    ['sqlite:////var/lib/ledger.db', '/var/lib/ledger.db'],
    ['SQLite:./data/ledger.db', './data/ledger.db'],
    ['sqlite:/var/lib/invite proxy/ledger#1.db', '/var/lib/invite proxy/ledger#1.db'],
  ])('%s has the path %s', async (value, path) => {
    expect((await settingsOf({ LEDGER_URL: value })).LEDGER_URL).toEqual({ kind: 'sqlite', path });
  });

  it.each([
    ['sqlite://data/ledger.db', 'has a host behind sqlite://; write sqlite:/absolute/path or sqlite:./relative/path'],
    ['sqlite://./ledger.db', 'has a host behind sqlite://; write sqlite:/absolute/path or sqlite:./relative/path'],
    ['sqlite::memory:', 'must name a file: what is in memory ends with the service'],
    ['sqlite:///:memory:', 'must name a file: what is in memory ends with the service'],
    ['sqlite:./ledger.db?mode=rwc', 'has parameters behind its path, which are not read here: remove them'],
    ['sqlite:./ledger.db;mode=ro', 'has parameters behind its path, which are not read here: remove them'],
    ['sqlite:./ledger.db#main', 'has a fragment (#) behind its path, which is not read here: remove it'],
    ['sqlite:"/var/x.db"', 'has quotes around its path, which would belong to it: remove them'],
    ["sqlite:'./x.db'", 'has quotes around its path, which would belong to it: remove them'],
    ['sqlite: /var/x.db', 'has a blank behind sqlite:, which would belong to the path: remove it'],
    ['C:\\data\\ledger', 'must be sqlite: and a path, such as sqlite:./data/ledger.db'],
    ['sqlite:./data/', 'must name a file, and not the folder for it'],
    ['sqlite:~/ledger.db', 'begins with ~, which only a shell replaces: write the whole path'],
    ['sqlite:./ledger.db ', 'has a space before or behind it: remove it'],
    ['./data/ledger.db', 'must be sqlite: and a path, such as sqlite:./data/ledger.db'],
    ['file:./ledger.db', 'must be sqlite: and a path, such as sqlite:./data/ledger.db'],
    ['jdbc:sqlite:ledger.db', 'must be sqlite: and a path, such as sqlite:./data/ledger.db'],
    ['mysql:x', 'must be sqlite: and a path, or postgres:// and a database'],
    ['sqlite:', 'must be sqlite: and a path, or postgres:// and a database'],
  ])('is not %j', async (value, message) => {
    expect(await problemsOf({ LEDGER_URL: value })).toEqual([`LEDGER_URL ${message}`]);
  });
});

describe('a setting that a Service of Kubernetes is named like', () => {
  it('counts as absent when it holds the address of that Service', async () => {
    expect((await settingsOf({ OPS_PORT: 'tcp://10.0.12.7:9091', OPS_SERVICE_HOST: '10.0.12.7' })).OPS_PORT).toBe(9091);
  });
});

describe('a shadow policy', () => {
  it('is refused when it is the policy itself, because it would have no effect', async () => {
    expect(await problemsOf({ SHADOW_POLICY_FILE: 'policy.yaml' })).toEqual([
      'SHADOW_POLICY_FILE has no effect: it is the same file as POLICY_FILE',
    ]);
  });
});

describe('a URL', () => {
  it.each([
    ['https://https://api.galileo.ai', 'has its scheme twice: write https:// once'],
    ['https://api.galileo.ai,', 'ends in a comma or a semicolon: remove it'],
    ['https://api.galileo.ai;', 'ends in a comma or a semicolon: remove it'],
    ['https://api.galileo.ai,https://b.acme.com', 'must be one URL, and not a list'],
    ['https://api.galileo.ai/{path}', 'holds a placeholder that nothing has replaced: write the whole URL'],
    ['https://api.galileo.ai"', 'holds a quotation mark: remove it'],
    ['https://ann:sesame@api.galileo.ai', 'must have no user, query or fragment'],
    ['api', 'must be an absolute URL'],
  ])('is none: %j', async (value, message) => {
    expect(await problemsOf({ GALILEO_API_URL: value })).toEqual([`GALILEO_API_URL ${message}`]);
  });

  it.each([
    ['https://Invites.Acme.com', 'must be written as https://invites.acme.com'],
    ['HTTPS://invites.acme.com:443/', 'must be written as https://invites.acme.com'],
    ['https://invites.acme.com;', 'ends in a comma or a semicolon: remove it'],
    ['https://invites.acme.com/invites', 'must be an origin like https://invites.acme.com'],
    ['https://ann:sesame@invites.acme.com', 'must be an origin like https://invites.acme.com'],
    ['invites.acme.com', 'must be an origin like https://invites.acme.com'],
  ])('of this service is not %j', async (value, message) => {
    expect(await problemsOf({ PUBLIC_URL: value })).toEqual([`PUBLIC_URL ${message}`]);
  });

  it.each(['https://api.galileo.ai', 'https://galileo.acme.com/api/', 'https://galileo.acme.com/a;b,c'])(
    'may be %s',
    async (value) => {
      expect(await problemsOf({ GALILEO_API_URL: value })).toEqual([]);
    },
  );
});
