import { describe, expect, it } from 'vitest';
import { effectiveSettings } from '../../../src/config/effective-settings.ts';
import { keyCandidates } from '../../../src/config/key-candidates.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { otlpExport } from '../../../src/config/settings/otlp-export.ts';
import type { OtlpExport } from '../../../src/config/settings/otlp-export.ts';
import { SECRET_SETTINGS } from '../../../src/config/schema.ts';
import type { Settings } from '../../../src/config/schema.ts';
import { createKeySearch } from '../../../src/upstream/api-keys.ts';

type Env = Readonly<Record<string, string>>;

const GOOD: Env = {
  GALILEO_API_KEY: 'a-good-key-0123456789',
  AUTH_ISSUERS: '[{"name":"corp","issuer":"https://login.example.com","audience":"invites"}]',
};
const HTTP: Env = { ...GOOD, AUDIT_SINKS: 'http', AUDIT_HTTP_URL: 'https://collector.example.com/audit' };
const OTLP: Env = { ...GOOD, AUDIT_SINKS: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example.com' };
const HMAC_KEY = '7f'.repeat(32);
const SERVICE = { name: 'galileo-invite-proxy', version: '0.0.0', runtime: 'test', instance: 'test-1' };

const readText = (_path: string): Promise<string> => Promise.reject(new Error('ENOENT'));

async function problemsOf(env: Env, bound: ReadonlySet<string> = new Set()): Promise<string[]> {
  const loaded = await loadConfig({ env, readText, bound });
  return loaded.kind === 'refused' ? loaded.problems.map(({ setting, message }) => `${setting} ${message}`) : [];
}

async function settingsOf(env: Env): Promise<Settings> {
  const loaded = await loadConfig({ env, readText });
  if (loaded.kind === 'refused') throw new Error(loaded.problems.map(({ message }) => message).join());
  return loaded.config.settings;
}

const exportOf = async (env: Env): Promise<OtlpExport | null> => otlpExport(await settingsOf(env), SERVICE);

describe('the settings of the audit trail', () => {
  it('deliver to stdout in full and for ever, unless configured otherwise', async () => {
    expect(await settingsOf(GOOD)).toMatchObject({
      AUDIT_SINKS: ['stdout'],
      AUDIT_FORMAT: 'native',
      AUDIT_EMAILS: 'plain',
      AUDIT_RETENTION_DAYS: null,
      AUDIT_SIGNING_KEY: null,
      GALILEO_RECONCILE: false,
    });
  });

  it('take several sinks, in the order given and in any case', async () => {
    const env = { ...HTTP, AUDIT_SINKS: 'otlp, STDOUT,http', OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example.com' };
    expect((await settingsOf(env)).AUDIT_SINKS).toEqual(['otlp', 'stdout', 'http']);
  });

  it.each([
    ['an unknown one', 'stdout,syslog'],
    ['one twice', 'stdout,stdout'],
    ['an empty place', 'stdout,'],
    ['nothing but a comma', ','],
  ])('refuse sinks with %s', async (_name, sinks) => {
    expect(await problemsOf({ ...GOOD, AUDIT_SINKS: sinks })).toEqual([expect.stringMatching(/^AUDIT_SINKS must /)]);
  });

  it.each([
    ['AUDIT_FORMAT', 'cef'],
    ['AUDIT_EMAILS', 'hashed'],
    ['AUDIT_RETENTION_DAYS', '7'],
    ['AUDIT_RETENTION_DAYS', '36501'],
    ['AUDIT_RETENTION_DAYS', '30d'],
    ['GALILEO_RECONCILE', 'true'],
  ])('refuse %s=%s', async (name, value) => {
    expect(await problemsOf({ ...GOOD, [name]: value })).toEqual([expect.stringContaining(`${name} must `)]);
  });

  it('say what the http sink lacks, and what has no effect without it', async () => {
    expect(await problemsOf({ ...GOOD, AUDIT_SINKS: 'http' })).toEqual([
      'AUDIT_HTTP_URL must be set: AUDIT_SINKS has http',
    ]);
    expect(await problemsOf({ ...HTTP, AUDIT_SINKS: 'stdout', AUDIT_HTTP_TOKEN_FILE: '/run/token' })).toEqual([
      'AUDIT_HTTP_URL has no effect: AUDIT_SINKS does not have http',
      'AUDIT_HTTP_TOKEN_FILE has no effect: AUDIT_SINKS does not have http',
    ]);
  });

  it.each([
    'http://collector.example.com/audit',
    'ftp://collector.example.com/audit',
    'https://user:pass@collector.example.com/',
    'https://collector.example.com/#part',
    'collector.example.com',
    'http://127.0.0.1.example.com/',
  ])('refuse to send batches to %s', async (url) => {
    const problems = await problemsOf({ ...HTTP, AUDIT_HTTP_URL: url });
    expect(problems).toEqual([expect.stringMatching(/^AUDIT_HTTP_URL m(?:ust|ay) /)]);
    expect(problems.join()).not.toContain('collector');
  });

  it.each([
    'http://127.0.0.1:9000/in',
    'http://localhost/',
    'http://[::1]:4318/',
    'https://logs.example.com/x?stream=a',
  ])('send batches to %s', async (url) => {
    expect(await problemsOf({ ...HTTP, AUDIT_HTTP_URL: url })).toEqual([]);
  });

  it.each([
    ['AUDIT_HTTP_TOKEN', HTTP, 'collector-token'],
    ['AUDIT_HMAC_KEY', { ...GOOD, AUDIT_EMAILS: 'hmac' }, HMAC_KEY],
    ['AUDIT_SIGNING_KEY', GOOD, '-----BEGIN PRIVATE KEY-----'],
  ])('take %s from one place only', async (name, env, value) => {
    expect(await problemsOf({ ...env, [name]: value })).toEqual([]);
    expect(await problemsOf({ ...env, [`${name}_FILE`]: '/run/x' })).toEqual([]);
    expect(await problemsOf({ ...env, [name]: value, [`${name}_FILE`]: '/run/x' })).toEqual([
      `${name} and ${name}_FILE are both set; keep one`,
    ]);
  });

  it('join AUDIT_EMAILS and its key', async () => {
    expect(await problemsOf({ ...GOOD, AUDIT_EMAILS: 'hmac' })).toEqual([
      'AUDIT_HMAC_KEY or AUDIT_HMAC_KEY_FILE must be set: AUDIT_EMAILS is hmac',
    ]);
    expect(await problemsOf({ ...GOOD, AUDIT_HMAC_KEY: HMAC_KEY })).toEqual([
      'AUDIT_HMAC_KEY has no effect: AUDIT_EMAILS is not hmac',
    ]);
    expect(await problemsOf({ ...GOOD, AUDIT_EMAILS: 'hmac' }, new Set(['AUDIT_HMAC_KEY']))).toEqual([]);
  });

  it('hold a secret in no problem', async () => {
    const env = {
      ...GOOD,
      AUDIT_SINKS: 'http,otlp',
      AUDIT_HTTP_URL: 'https://collector.example.com/in?key=sesame#x',
      AUDIT_HTTP_TOKEN: 'sesame with spaces',
      AUDIT_HMAC_KEY: 'sesame-too-short',
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=sesame%',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://sesame@otlp.example.com',
      OTEL_RESOURCE_ATTRIBUTES: 'sesame',
    };
    const problems = await problemsOf(env);
    expect(problems.length).toBeGreaterThanOrEqual(6);
    expect(problems.join('\n')).not.toContain('sesame');
  });

  it('list as secret what an entry takes out of its environment', () => {
    expect(SECRET_SETTINGS).toEqual([
      'GALILEO_API_KEY',
      'GALILEO_API_KEY_NEXT',
      'GALILEO_PASSWORD',
      'HTTPS_PROXY',
      'https_proxy',
      'AUDIT_HTTP_TOKEN',
      'AUDIT_HTTP_HEADERS',
      'AUDIT_HMAC_KEY',
      'AUDIT_SIGNING_KEY',
      'OTEL_EXPORTER_OTLP_HEADERS',
      'OTEL_EXPORTER_OTLP_LOGS_HEADERS',
      'HTTP_PROXY',
      'http_proxy',
      'ALL_PROXY',
      'all_proxy',
    ]);
  });
});

describe('OpenTelemetry’s own settings', () => {
  it('need an endpoint where otlp is a sink', async () => {
    expect(await problemsOf({ ...GOOD, AUDIT_SINKS: 'stdout,otlp' })).toEqual([
      'OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_LOGS_ENDPOINT must be set: AUDIT_SINKS has otlp',
    ]);
  });

  it('are nobody’s business where it is not', async () => {
    const env = {
      ...GOOD,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.observability:4317',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_HEADERS: '%%%',
      OTEL_EXPORTER_OTLP_TIMEOUT: '10s',
      OTEL_TRACES_SAMPLER: 'always_on',
    };
    expect(await problemsOf(env)).toEqual([]);
    expect(await exportOf(env)).toBeNull();
  });

  it.each(['grpc', 'http/protobuf', 'HTTP/JSON'])('refuse the protocol %s', async (protocol) => {
    for (const name of ['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_LOGS_PROTOCOL']) {
      expect(await problemsOf({ ...OTLP, [name]: protocol })).toEqual([
        `${name} must be http/json: it is the only OTLP encoding that the audit trail is sent in`,
      ]);
    }
  });

  it('for logs go before the general ones, which then may be anything', async () => {
    const env = {
      ...GOOD,
      AUDIT_SINKS: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.observability:4317',
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'https://logs.example.com/otlp/',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=general',
      OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'b=logs',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
      OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: 'gzip',
      OTEL_EXPORTER_OTLP_TIMEOUT: '5000',
      OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: '7000',
    };
    expect(await exportOf(env)).toMatchObject({
      url: 'https://logs.example.com/otlp/',
      headers: { b: 'logs' },
      compression: 'gzip',
      timeoutMs: 7_000,
    });
  });

  it.each([
    ['https://otlp.example.com', 'https://otlp.example.com/v1/logs'],
    ['https://otlp.example.com/', 'https://otlp.example.com/v1/logs'],
    ['https://otlp.example.com:4318/otlp/', 'https://otlp.example.com:4318/otlp/v1/logs'],
    ['http://localhost:4318', 'http://localhost:4318/v1/logs'],
  ])('make of the base %s the address %s', async (base, url) => {
    expect(await exportOf({ ...OTLP, OTEL_EXPORTER_OTLP_ENDPOINT: base })).toMatchObject({
      url,
      headers: {},
      compression: 'none',
      timeoutMs: 10_000,
    });
  });

  it.each([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://collector.observability:4318'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'https://otlp.example.com/?key=x'],
    ['OTEL_EXPORTER_OTLP_LOGS_ENDPOINT', 'https://user@otlp.example.com/'],
    ['OTEL_EXPORTER_OTLP_COMPRESSION', 'zstd'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', '0'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', '60001'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'no pair'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=1,A=2'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%0d%0aX-Evil: 1'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%zz'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'Content-Type=text/plain'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'host=other.example.com'],
    ['OTEL_RESOURCE_ATTRIBUTES', 'region'],
    ['OTEL_RESOURCE_ATTRIBUTES', 'a=1,a=2'],
  ])('refuse %s=%s', async (name, value) => {
    const problems = await problemsOf({ ...OTLP, [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name} m(?:ust|ay) `));
  });

  it('decode what is percent-encoded, and keep everything behind the first equals sign', async () => {
    const env = { ...OTLP, OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Basic%20YW5uOng=, X-Scope-OrgID = one%2Ctwo,' };
    expect((await exportOf(env))?.headers).toEqual({ authorization: 'Basic YW5uOng=', 'x-scope-orgid': 'one,two' });
  });

  it('describe the service; a name of its own goes before attributes, and those before what we say', async () => {
    const env = { ...OTLP, OTEL_RESOURCE_ATTRIBUTES: 'service.name=a,service.version=2,team=people%20ops' };
    expect((await exportOf(env))?.resource).toEqual({
      'service.name': 'a',
      'service.version': '2',
      'service.instance.id': 'test-1',
      team: 'people ops',
    });
    expect((await exportOf({ ...env, OTEL_SERVICE_NAME: 'invites' }))?.resource['service.name']).toBe('invites');
  });
});

describe('what may be shown of them', () => {
  const shownOf = async (env: Env) => {
    const all = effectiveSettings({ env, settings: await settingsOf(env), files: new Set(['AUDIT_HTTP_TOKEN_FILE']) });
    return Object.fromEntries(all.map((one) => [one.name, one]));
  };

  it('is of a collector its origin, and of a secret nothing', async () => {
    const shown = await shownOf({
      ...HTTP,
      AUDIT_SINKS: 'http,otlp',
      AUDIT_HTTP_URL: 'https://collector.example.com/in/sesame?key=sesame',
      AUDIT_HTTP_TOKEN: 'sesame-sesame',
      AUDIT_EMAILS: 'hmac',
      AUDIT_HMAC_KEY: `sesame${HMAC_KEY}`,
      AUDIT_SIGNING_KEY: 'sesame',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example.com/in/sesame',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=sesame',
    });
    const ofLogs = await shownOf({
      ...HTTP,
      AUDIT_SINKS: 'http,otlp',
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'https://logs.example.com/in/sesame',
    });
    expect(ofLogs['OTEL_EXPORTER_OTLP_LOGS_ENDPOINT']?.value).toBe('https://logs.example.com/…');
    expect(JSON.stringify(shown)).not.toContain('sesame');
    expect(shown['AUDIT_HTTP_URL']?.value).toBe('https://collector.example.com/…');
    expect(shown['OTEL_EXPORTER_OTLP_ENDPOINT']?.value).toBe('https://otlp.example.com/…');
    expect(shown['AUDIT_HTTP_TOKEN']).toMatchObject({ source: 'environment', hidden: 'secret' });
  });

  it('is nothing of a standard variable that is not read here', async () => {
    const shown = await shownOf({ ...GOOD, OTEL_EXPORTER_OTLP_ENDPOINT: 'https://ann:sesame@otlp.example.com' });
    expect(shown['OTEL_EXPORTER_OTLP_ENDPOINT']).toMatchObject({ value: null, source: 'unset' });
  });
});

describe('the secrets that output is searched for', () => {
  it('is every secret, wherever it stands, and none of the words around it', async () => {
    const files: Env = { '/run/token': 'file-token-0c51b7e2\n', '/run/readme': 'No token here, but a page of text.' };
    const env = {
      AUDIT_HTTP_TOKEN_FILE: '/run/token',
      AUDIT_HMAC_KEY_FILE: '/run/readme',
      AUDIT_HMAC_KEY: HMAC_KEY,
      AUDIT_SIGNING_KEY:
        '-----BEGIN PRIVATE KEY-----\\nMC4CAQAwBQYDK2VwBCIEIAb1c2d3e4f5g6h7i8j9k0\\n-----END PRIVATE KEY-----',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20otlp-token-9d2e77aa',
    };
    const candidates = await keyCandidates({ env, readText: async (path) => files[path] ?? '' });
    const holdsKey = createKeySearch(candidates);
    for (const text of ['file-token-0c51b7e2', HMAC_KEY, 'BCIEIAb1c2d3e4f5', 'otlp-token-9d2e77aa'])
      expect([text, holdsKey(`a page with ${text} in it`)]).toEqual([text, true]);
    for (const text of ['-----BEGIN PRIVATE KEY-----', 'authorization: Bearer', 'a page of text.'])
      expect([text, holdsKey(text)]).toEqual([text, false]);
  });
});

describe('a secret that was pasted with its name', () => {
  const KEY = 'aK-Ez6s58fD5U_FNqY7cfgvi8AiDTne10HMqnzUMszI';

  it.each([
    `GALILEO_API_KEY=${KEY}`,
    `export GALILEO_API_KEY="${KEY}"`,
    `Galileo-API-Key: ${KEY}`,
    `{"GALILEO_API_KEY_NEXT":"${KEY}"}`,
  ])('is searched for without the name, so that the problem of the setting can be shown: %s', async (text) => {
    const holdsKey = createKeySearch(await keyCandidates({ env: { GALILEO_API_KEY: text }, readText }));
    expect(holdsKey(`the answer holds ${KEY.slice(0, 20)}`)).toBe(true);
    expect(holdsKey(`the answer holds ${KEY.slice(-20)}`)).toBe(true);
    for (const name of ['GALILEO_API_KEY', 'GALILEO_API_KEY_NEXT', 'Galileo-API-Key'])
      expect(holdsKey(`${name} holds a name and = before the value: write the value alone`)).toBe(false);
  });

  it('is searched for as a whole when only a short name is a part of it', async () => {
    const key = 'abcdefgPORTqrstuvwHOSTxyz';
    const holdsKey = createKeySearch(await keyCandidates({ env: { GALILEO_API_KEY: key }, readText }));
    for (let at = 0; at + 12 <= key.length; at += 1) expect(holdsKey(key.slice(at, at + 12))).toBe(true);
  });
});
