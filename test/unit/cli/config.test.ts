import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { fingerprint } from '../../../src/upstream/api-keys.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { SETTINGS } from '../../../src/config/schema.ts';
import { disguises } from '../../support/key-disguises.ts';
import type { HarnessOptions } from './cli-harness.ts';
import { GOOD_ENV, KEY, POLICY, runCommand } from './cli-harness.ts';

const check = (options: HarnessOptions = {}) => runCommand(['config', 'check'], options);
const print = (options: HarnessOptions = {}) => runCommand(['config', 'print'], options);

function expectNoKey(text: string, key = KEY): void {
  for (const [name, form] of disguises(key)) expect([name, text.includes(form)]).toEqual([name, false]);
}

describe('config check', () => {
  it('says that nothing is wrong, asks nobody, and exits 0', async () => {
    const ran = await check();
    expect(ran).toMatchObject({ code: 0, stderr: '', asked: [] });
    expect(ran.stdout).toContain('Nothing is wrong');
  });

  it('prints every problem of settings and policy at once, the policy’s with line and column, and exits 2', async () => {
    const { code, stdout } = await check({
      env: { ...GOOD_ENV, PORT: 'x', GALILEO_API_KYE: 'y', GALILEO_TIMEOUT_MS: '1' },
      policy: POLICY.replace('expect: allow', 'expect: deny').replace('[user]', '[usr]'),
    });
    expect(code).toBe(2);
    for (const line of [
      '- PORT must be a port number',
      '- GALILEO_API_KYE is not a setting',
      '- GALILEO_TIMEOUT_MS must be from 100',
      '- policy.yaml:5:',
    ])
      expect(stdout).toContain(line);
  });

  it('asks for no key while GALILEO_AUTH is refused, because another secret may be the right one', async () => {
    const { GALILEO_API_KEY: _key, ...env } = GOOD_ENV;
    const { code, stdout } = await check({
      env: { ...env, GALILEO_AUTH: 'pasword', GALILEO_USERNAME: 'invites' },
      deps: {
        openKeys: async () => ({ kind: 'refused', problems: ['GALILEO_API_KEY or GALILEO_API_KEY_FILE must be set'] }),
      },
    });
    expect(code).toBe(2);
    expect(stdout).toContain('- GALILEO_AUTH must be api_key, basic or password; did you mean password?');
    expect(stdout).not.toContain('must be set');
  });

  it('names the redirect address of the console to register, and no other', async () => {
    const signIn = { CONSOLE_ISSUER: 'https://login.acme.com', CONSOLE_CLIENT_ID: 'invite-console' };
    const env = { ...GOOD_ENV, ...signIn, PUBLIC_URL: 'https://invites.acme.com' };
    expect((await check({ env })).stdout).toContain(
      'Register as redirect address of the client invite-console at https://login.acme.com: https://invites.acme.com/console\n',
    );
    const json = await runCommand(['config', 'check', '--json'], { env });
    expect(JSON.parse(json.stdout)).toMatchObject({ console_redirect_uri: 'https://invites.acme.com/console' });
    expect((await check({ env: { ...GOOD_ENV, ...signIn } })).stdout).toContain('PUBLIC_URL is not set');
    expect((await check()).stdout).not.toContain('redirect');
  });

  it.each([
    [{ CONSOLE_ISSUER: 'https://login.acme.com' }, 'CONSOLE_CLIENT_ID must be set beside CONSOLE_ISSUER'],
    [{ CONSOLE_CLIENT_ID: 'x' }, 'CONSOLE_ISSUER must be set beside CONSOLE_CLIENT_ID'],
    [{ CONSOLE_SCOPE: 'openid' }, 'CONSOLE_ISSUER must be set beside CONSOLE_SCOPE'],
    [{ CONSOLE_ISSUER: 'http://127.0.0.1:1', CONSOLE_CLIENT_ID: 'x' }, 'CONSOLE_ISSUER must use https'],
    [{ CONSOLE_ISSUER: 'https://login.acme.com/?a', CONSOLE_CLIENT_ID: 'x' }, 'CONSOLE_ISSUER must have no query'],
    [{ PAGES: 'off', CONSOLE_CLIENT_ID: 'x' }, 'CONSOLE_CLIENT_ID has no effect: PAGES is off'],
    [{ CONSOLE_ISSUER: 'https://login.acme.com', CONSOLE_CLIENT_ID: 'a b' }, 'CONSOLE_CLIENT_ID must be 1 to 256'],
  ])('refuses a sign-in of the console that cannot work: %j', async (settings, problem) => {
    const { code, stdout } = await check({ env: { ...GOOD_ENV, ...settings } });
    expect(code).toBe(2);
    expect(stdout).toContain(`- ${problem}`);
  });

  it('names the settings of Galileo’s SDK that are ignored, and exits 0', async () => {
    const env = { ...GOOD_ENV, GALILEO_CONSOLE_URL: 'https://console.example.com' };
    const { code, stdout } = await check({ env });
    expect(code).toBe(0);
    expect(stdout).toContain('- GALILEO_CONSOLE_URL is a setting of Galileo’s SDK and is ignored here');
    const json = await runCommand(['config', 'check', '--json'], { env });
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, ignored: [{ setting: 'GALILEO_CONSOLE_URL' }] });
    for (const command of [['config', 'print'], ['doctor']])
      expect((await runCommand(command, { env })).stdout).toContain(
        'GALILEO_CONSOLE_URL is a setting of Galileo’s SDK',
      );
  });

  it('runs the policy’s own tests', async () => {
    const { code, stdout } = await check({ policy: POLICY.replace('expect: allow', 'expect: deny') });
    expect(code).toBe(2);
    expect(stdout).toMatch(/policy\.yaml:7:\d+ test failed: expected deny/);
  });

  it('knows the issuers’ names when it reads the policy', async () => {
    const { stdout } = await check({ policy: POLICY.replace('issuer: corp', 'issuer: crop') });
    expect(stdout).toMatch(/policy\.yaml:3:\d+ /);
  });

  it('tells what is wrong with the keys of the audit trail, beside everything else', async () => {
    const problem = 'AUDIT_SIGNING_KEY_FILE names a file that cannot be read (ENOENT)';
    const { code, stdout } = await check({
      env: { ...GOOD_ENV, PORT: 'x', AUDIT_SIGNING_KEY_FILE: '/run/absent' },
      deps: { auditSecretProblems: async () => [problem] },
    });
    expect(code).toBe(2);
    expect(stdout).toContain(`- ${problem}`);
    expect(stdout).toContain('- PORT ');
  });

  it('tells what the key sources say, and not twice what the settings have been blamed for', async () => {
    const refuse = (problem: string): NonNullable<HarnessOptions['deps']> => ({
      openKeys: async () => ({ kind: 'refused', problems: [problem] }),
    });
    const file = { AUTH_ISSUERS: GOOD_ENV.AUTH_ISSUERS, GALILEO_API_KEY_FILE: '/run/key' };
    const { code, stdout } = await check({ env: file, deps: refuse('GALILEO_API_KEY_FILE cannot be read (ENOENT)') });
    expect(code).toBe(2);
    expect(stdout).toContain('- GALILEO_API_KEY_FILE cannot be read (ENOENT)');
    const none = { AUTH_ISSUERS: GOOD_ENV.AUTH_ISSUERS };
    const reported = await check({ env: none, deps: refuse('GALILEO_API_KEY or GALILEO_API_KEY_FILE must be set') });
    expect(reported.stdout.match(/must be set/g)).toHaveLength(1);
  });

  it('says so when the policy could not be read for lack of issuers', async () => {
    const { stdout } = await check({ env: { GALILEO_API_KEY: KEY } });
    expect(stdout).toContain('AUTH_ISSUERS');
    expect(stdout).toContain('A policy was not read');
  });

  it('answers in JSON with the same problems and code', async () => {
    const { code, stdout } = await runCommand(['config', 'check', '--json'], { env: { ...GOOD_ENV, PORT: 'x' } });
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      problems: [{ setting: 'PORT', message: 'must be a port number' }],
    });
    expect(JSON.parse((await runCommand(['config', 'check', '--json'])).stdout)).toEqual({ ok: true, problems: [] });
  });

  it('refuses an issuer whose tokens browsers add by themselves where no origin is allowed', async () => {
    const issuers = (await import('../../../src/auth/presets.ts')).PRESET_NAMES.includes('cloudflare-access')
      ? `[{"name":"edge","issuer":"https://acme.cloudflareaccess.com","audience":"a","preset":"cloudflare-access","grant_scopes":["invites:write"]}]`
      : '[]';
    const env = { GALILEO_API_KEY: KEY, AUTH_ISSUERS: issuers };
    const policy = POLICY.replace('issuer: corp', 'issuer: edge');
    expect((await check({ env: { ...env, PAGES: 'off' }, policy })).stdout).toContain(
      '- CORS_ORIGINS must name the origins',
    );
    // The console is on the service's own origin.
    expect((await check({ env, policy })).code).toBe(0);
    expect((await check({ env: { ...env, CORS_ORIGINS: 'https://hr.acme.com' }, policy })).code).toBe(0);
  });
});

describe('a refused configuration', () => {
  it('gives tools what no problem names, and nothing else', async () => {
    const env = { ...GOOD_ENV, GALILEO_API_URL: 'http://api.example.com', PORT: 'x', HOST: '::1' };
    const loaded = await loadConfig({ env, readText: () => Promise.reject(new Error('ENOENT')) });
    if (loaded.kind === 'loaded') throw new Error('loaded');
    const { settings, issuers } = loaded.readable;
    expect([settings.HOST, settings.OPS_PORT, issuers?.length]).toEqual(['::1', 9091, 1]);
    expect(Object.keys(settings)).not.toContain('GALILEO_API_URL');
    expect(Object.keys(settings)).not.toContain('PORT');
  });
});

describe('config print', () => {
  it('shows every setting with its value and where it came from', async () => {
    const { code, stdout } = await print({ env: { ...GOOD_ENV, PORT: '9000' } });
    expect(code).toBe(0);
    for (const name of Object.keys(SETTINGS)) expect(stdout).toMatch(new RegExp(`^${name} +\\S`, 'm'));
    expect(stdout).toMatch(/^PORT +9000 \(environment\)$/m);
    expect(stdout).toMatch(/^OPS_PORT +9091 \(default\)$/m);
    expect(stdout).toMatch(/^PUBLIC_URL +unset$/m);
    expect(stdout).toMatch(/^AUTH_ISSUERS +corp \(environment\)$/m);
    expect(stdout).toContain('"issuer":"https://login.example.com"');
  });

  it('shows of a key its fingerprint alone, as audit records do', async () => {
    const next = 'nxt-9f8e7d6c5b4a39281706';
    const { stdout } = await print({ env: { ...GOOD_ENV, GALILEO_API_KEY_NEXT: next } });
    expect(stdout).toMatch(
      new RegExp(`^GALILEO_API_KEY +\\[secret\\] fingerprint ${fingerprint(new Secret(KEY))} \\(environment\\)$`, 'm'),
    );
    expect(stdout).toContain(`fingerprint ${fingerprint(new Secret(next))}`);
    expectNoKey(stdout);
    expectNoKey(stdout, next);
  });

  it('shows a key from a file as that, and the path once it names a file', async () => {
    const env = { AUTH_ISSUERS: GOOD_ENV.AUTH_ISSUERS, GALILEO_API_KEY_FILE: '/run/secrets/key' };
    const keys = { current: new Secret(KEY), next: null };
    const openKeys = async () => ({ kind: 'opened' as const, secrets: { galileoKeys: async () => keys } });
    const isFile = async (path: string) => path === '/run/secrets/key';
    const { stdout } = await print({ env, deps: { openKeys, isFile } });
    expect(stdout).toMatch(/^GALILEO_API_KEY +\[secret\] fingerprint [0-9a-f]{12} \(file\)$/m);
    expect(stdout).toMatch(/^GALILEO_API_KEY_FILE +\/run\/secrets\/key \(environment\)$/m);
  });

  it('does not show a key that was put where its file belongs', async () => {
    const { stdout, code } = await print({
      env: { AUTH_ISSUERS: GOOD_ENV.AUTH_ISSUERS, GALILEO_API_KEY_FILE: KEY },
    });
    expect(code).toBe(2);
    expect(stdout).toMatch(/^GALILEO_API_KEY_FILE +\[not shown: it names no file\] \(environment\)$/m);
    expectNoKey(stdout);
  });

  it.each([
    ['GALILEO_API_URL', `https://${encodeURIComponent(KEY)}@api.example.com`],
    ['LEDGER_URL', `sqlite:/data/${KEY}.db`],
    ['POLICY_FILE', `/etc/${KEY}`],
    ['HOST', KEY],
    ['PORT', KEY],
  ])('does not show a key that was put into %s', async (name, value) => {
    for (const format of [[], ['--json']]) {
      const { stdout } = await runCommand(['config', 'print', ...format], { env: { ...GOOD_ENV, [name]: value } });
      expectNoKey(stdout);
    }
  });

  it('does not repeat a value that is refused, and exits 2', async () => {
    const { code, stdout } = await print({ env: { ...GOOD_ENV, PUBLIC_URL: 'hunter2hunter2' } });
    expect(code).toBe(2);
    expect(stdout).toMatch(/^PUBLIC_URL +\[refused\] \(environment\)$/m);
    expect(stdout).toContain('- PUBLIC_URL must be an origin');
    expect(stdout).not.toContain('hunter2');
  });

  it('leaves out the query of a key set’s address, which may be a credential', async () => {
    const issuers = `[{"name":"corp","issuer":"https://a.example.com","audience":"b","jwks_uri":"https://a.example.com/jwks?token=hunter2"}]`;
    for (const format of [[], ['--json']]) {
      const { stdout } = await runCommand(['config', 'print', ...format], {
        env: { ...GOOD_ENV, AUTH_ISSUERS: issuers },
      });
      expect(stdout).toContain('https://a.example.com/jwks?[not shown]');
      expect(stdout).not.toContain('hunter2');
    }
  });

  it('lets no value move the cursor or colour the screen', async () => {
    const { stdout } = await print({ env: { ...GOOD_ENV, HOST: '\u001b[2J127.0.0.1\u0007' } });
    for (const control of ['\u001b', '\u0007']) expect(stdout).not.toContain(control);
  });

  it('answers in JSON with name, value and source of each', async () => {
    const { stdout } = await runCommand(['config', 'print', '--json']);
    const { settings, issuers, problems } = JSON.parse(stdout) as {
      settings: { name: string; value: string | null; source: string; hidden: string | null }[];
      issuers: unknown[];
      problems: unknown[];
    };
    expect(settings.map(({ name }) => name)).toEqual(Object.keys(SETTINGS));
    expect(settings.find(({ name }) => name === 'PORT')).toEqual({
      name: 'PORT',
      value: '8080',
      source: 'default',
      hidden: null,
    });
    expect(settings.find(({ name }) => name === 'GALILEO_API_KEY')).toMatchObject({
      value: null,
      source: 'environment',
      hidden: 'secret',
      fingerprint: fingerprint(new Secret(KEY)),
    });
    expect([issuers.length, problems.length]).toEqual([1, 0]);
  });
});
