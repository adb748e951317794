import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import type { LoadedConfig } from '../../../src/config/load.ts';
import { SERVICE_VERSION } from '../../../src/config/service.ts';

const ISSUERS = '[{"name":"corp","issuer":"https://login.example.com","audience":"invites"}]';
const GOOD = { GALILEO_API_KEY: 'a-good-key-0123456789', AUTH_ISSUERS: ISSUERS };
const noFile = (_path: string): Promise<string> => Promise.reject(new Error('ENOENT'));

const load = (env: Record<string, string>, readText = noFile): Promise<LoadedConfig> => loadConfig({ env, readText });

async function problemsOf(env: Record<string, string>): Promise<string[]> {
  const loaded = await load(env);
  return loaded.kind === 'refused' ? loaded.problems.map(({ setting, message }) => `${setting} ${message}`) : [];
}

describe('the configuration', () => {
  it('needs a key and issuers and gives everything else its default', async () => {
    const loaded = await load(GOOD);
    if (loaded.kind !== 'loaded') throw new Error('refused');
    expect(loaded.config.settings).toMatchObject({
      PORT: 8080,
      HOST: '127.0.0.1',
      OPS_PORT: 9091,
      PUBLIC_URL: null,
      GALILEO_API_URL: 'https://api.galileo.ai',
      GALILEO_API_KEY_HEADER: 'Galileo-API-Key',
      GALILEO_TIMEOUT_MS: 15_000,
      LEDGER_URL: { kind: 'sqlite', path: './data/ledger.db' },
      IDEMPOTENCY: 'optional',
      CORS_ORIGINS: [],
      TRUSTED_PROXY_HOPS: 0,
      INSECURE_DEV: false,
    });
    expect(loaded.config.issuers).toMatchObject([{ name: 'corp', issuer: 'https://login.example.com' }]);
  });

  it('names every problem at once', async () => {
    expect(
      await problemsOf({ PORT: 'x', GALILEO_TIMEOUT_MS: '20001', LEDGER_URL: 'mysql:x', GALILEO_API_KYE: 'x' }),
    ).toEqual([
      'GALILEO_API_KYE is not a setting of this service; did you mean GALILEO_API_KEY?',
      'PORT must be a port number',
      'GALILEO_TIMEOUT_MS must be from 100 to 20000',
      'LEDGER_URL must be sqlite: and a path, or postgres:// and a database',
      'GALILEO_API_KEY or GALILEO_API_KEY_FILE must be set',
      'AUTH_ISSUERS or AUTH_ISSUERS_FILE must be set',
    ]);
  });

  it('counts an empty variable as absent', async () => {
    expect(await problemsOf({ ...GOOD, PORT: '', GALILEO_API_KEY_FILE: '' })).toEqual([]);
  });

  it.each([
    'GALILEO_PROXY_SERVICE_HOST',
    'GALILEO_PROXY_PORT',
    'GALILEO_PROXY_PORT_8080_TCP_ADDR',
    'AUDIT_SERVICE_PORT_HTTP',
    'PATH',
    'HOME',
  ])('ignores %s, which is not meant for it', async (name) => {
    expect(await problemsOf({ ...GOOD, [name]: 'x' })).toEqual([]);
  });

  it.each(['POLICY_FIEL', 'AUTH_ISSUER', 'CORS_ORIGIN', 'INSECURE_DEVEL', 'KEEP_ALIVE_MS'])(
    'stops at %s, which looks like one of its own',
    async (name) => {
      expect(await problemsOf({ ...GOOD, [name]: '1' })).toHaveLength(1);
    },
  );

  it('never prints a secret', async () => {
    const key = 'se cret with spaces and\nnewlines';
    const text = (await problemsOf({ ...GOOD, GALILEO_API_KEY: key, GALILEO_API_KEY_NEXT: 'kurz' })).join('\n');
    expect(text).toContain('GALILEO_API_KEY ');
    expect(text).toContain('GALILEO_API_KEY_NEXT ');
    for (const piece of ['cret', 'spaces', 'kurz']) expect(text).not.toContain(piece);
  });

  it('refuses two sources for one thing', async () => {
    expect(await problemsOf({ ...GOOD, GALILEO_API_KEY_FILE: '/x' })).toEqual([
      'GALILEO_API_KEY and GALILEO_API_KEY_FILE are both set; keep one',
    ]);
  });

  it.each([
    ['GALILEO_API_URL', 'http://api.example.com'],
    ['GALILEO_API_URL', 'http://127.0.0.1:8082'],
    ['AUTH_ISSUERS', '[{"name":"corp","issuer":"http://login.example.com","audience":"invites"}]'],
    [
      'AUTH_ISSUERS',
      '[{"name":"corp","issuer":"https://login.example.com","audience":"invites","jwks_uri":"http://login.example.com/jwks"}]',
    ],
  ])('refuses plain http in %s: %s', async (name, value) => {
    expect(await problemsOf({ ...GOOD, [name]: value })).toHaveLength(1);
  });

  it('allows plain http with INSECURE_DEV=1, and then on loopback only', async () => {
    const dev = { ...GOOD, INSECURE_DEV: '1' };
    expect(await problemsOf({ ...dev, GALILEO_API_URL: 'http://127.0.0.1:8082' })).toEqual([]);
    expect(await problemsOf({ ...dev, GALILEO_API_URL: 'http://api.example.com' })).not.toEqual([]);
  });

  it('refuses INSECURE_DEV=1 beside the real Galileo', async () => {
    expect(await problemsOf({ ...GOOD, INSECURE_DEV: '1' })).toEqual([
      'INSECURE_DEV is 1 beside a GALILEO_API_URL that is not on this machine',
    ]);
  });

  it('refuses a process that is configured not to check certificates', async () => {
    expect(await problemsOf({ ...GOOD, NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toHaveLength(1);
  });

  it('refuses a PUBLIC_URL with a path, where its metadata document could not stand', async () => {
    expect(await problemsOf({ ...GOOD, PUBLIC_URL: 'https://example.com/invites' })).toHaveLength(1);
    expect(await problemsOf({ ...GOOD, PUBLIC_URL: 'https://invites.example.com/' })).toEqual([]);
  });

  it.each([
    ['not JSON', '[{'],
    ['a repeated member', '[{"name":"corp","name":"x","issuer":"https://a.example.com","audience":"b"}]'],
    ['an unknown member', '[{"name":"corp","issuer":"https://a.example.com","audience":"b","audiance":"c"}]'],
    ['an empty list', '[]'],
    ['no audience', '[{"name":"corp","issuer":"https://a.example.com"}]'],
  ])('refuses issuers with %s', async (_, value) => {
    expect(await problemsOf({ ...GOOD, AUTH_ISSUERS: value })).not.toEqual([]);
  });

  it('reads issuers from a file, and says when it cannot', async () => {
    const env = { GALILEO_API_KEY: GOOD.GALILEO_API_KEY, AUTH_ISSUERS_FILE: '/etc/issuers.json' };
    const loaded = await load(env, async (path) => (path === '/etc/issuers.json' ? ISSUERS : ''));
    expect(loaded.kind).toBe('loaded');
    expect(await problemsOf(env)).toEqual(['AUTH_ISSUERS_FILE names a file that cannot be read']);
  });

  it('takes origins only in the form browsers send them', async () => {
    const loaded = await load({ ...GOOD, CORS_ORIGINS: 'https://hr.example.com, http://localhost:3000' });
    expect(loaded.kind === 'loaded' && loaded.config.settings.CORS_ORIGINS).toEqual([
      'https://hr.example.com',
      'http://localhost:3000',
    ]);
    for (const origin of [
      '*',
      'null',
      'https://hr.example.com/',
      'https://HR.example.com',
      'hr.example.com',
      'ftp://x.example.com',
    ]) {
      expect(await problemsOf({ ...GOOD, CORS_ORIGINS: origin })).toHaveLength(1);
    }
  });

  it.each([
    ['*', 'must name each origin; a wildcard is not accepted (entry 1)'],
    ['https://a.example.com, https://*.example.com', 'must name each origin; a wildcard is not accepted (entry 2)'],
    ['https://a.example.com/', 'must be written as browsers send it: https://a.example.com (entry 1)'],
    ['https://a.example.com/app?x#y', 'must be written as browsers send it: https://a.example.com (entry 1)'],
    ['HTTPS://A.example.com', 'must be written as browsers send it: https://a.example.com (entry 1)'],
    ['https://a.example.com:443', 'must be written as browsers send it: https://a.example.com (entry 1)'],
    ['http://a.example.com:80', 'must be written as browsers send it: http://a.example.com (entry 1)'],
    ['https://münchen.example', 'must be written as browsers send it: https://xn--mnchen-3ya.example (entry 1)'],
    ['capacitor://localhost/', 'must be written as browsers send it: capacitor://localhost (entry 1)'],
    [
      'null',
      'must not have null: every sandboxed frame and every local file sends that, so it names no page (entry 1)',
    ],
    ['file:///app/index.html', 'must be origins like https://app.acme.com; pages of this scheme send none (entry 1)'],
    ['wss://a.example.com', 'must be origins like https://app.acme.com; pages of this scheme send none (entry 1)'],
    ['a.example.com', 'must be origins like https://app.acme.com, separated by commas (entry 1)'],
    ['localhost:3000', 'must be origins like https://app.acme.com, separated by commas (entry 1)'],
    [
      'https://a.example.com https://b.example.com',
      'must have its origins separated by commas, and not by semicolons, blanks or line ends (entry 1)',
    ],
    [
      'https://a.example.com;https://b.example.com',
      'must have its origins separated by commas, and not by semicolons, blanks or line ends (entry 1)',
    ],
    [
      'https://a.example.com\nhttps://b.example.com',
      'must have its origins separated by commas, and not by semicolons, blanks or line ends (entry 1)',
    ],
    ['["https://a.example.com"]', 'must be origins like https://app.acme.com, separated by commas (entry 1)'],
    ['https://user:secret@a.example.com', 'must be origins like https://app.acme.com, separated by commas (entry 1)'],
    ['sk-secret-0f3c9a7e', 'must be origins like https://app.acme.com, separated by commas (entry 1)'],
  ])('refuses the origin %s and says what to write', async (value, message) => {
    expect(await problemsOf({ ...GOOD, CORS_ORIGINS: value })).toEqual([`CORS_ORIGINS ${message}`]);
  });

  it.each([
    'capacitor://localhost',
    'tauri://localhost',
    'app://obsidian.md',
    'vscode-webview://1a2b',
    'http://[::1]:3000',
  ])('takes the origin %s as it is', async (origin) => {
    const loaded = await load({ ...GOOD, CORS_ORIGINS: origin });
    expect(loaded.kind === 'loaded' && loaded.config.settings.CORS_ORIGINS).toEqual([origin]);
  });

  it.each([
    ['1', []],
    ['7200', []],
    ['0', ['KEEP_ALIVE_S must be from 1 to 7200']],
    ['7201', ['KEEP_ALIVE_S must be from 1 to 7200']],
    ['60s', ['KEEP_ALIVE_S must be a whole number']],
  ])('takes KEEP_ALIVE_S=%s with %j', async (value, problems) => {
    expect(await problemsOf({ ...GOOD, KEEP_ALIVE_S: value })).toEqual(problems);
  });
});

describe('the version', () => {
  it("is package.json's", async () => {
    const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(SERVICE_VERSION).toBe(version);
  });
});
