import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { effectiveSettings } from '../../../src/config/effective-settings.ts';
import { keyCandidates } from '../../../src/config/key-candidates.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { SECRET_SETTINGS } from '../../../src/config/schema.ts';
import { egressOf } from '../../../src/config/settings/settings-egress.ts';
import { createKeySearch } from '../../../src/upstream/api-keys.ts';

const GOOD = {
  GALILEO_API_KEY: 'a-good-key-0123456789',
  AUTH_ISSUERS: '[{"name":"corp","issuer":"https://login.example.com","audience":"invites"}]',
};
const PASSWORD = 'sesame-0123456789';
const WITH_PASSWORD = `http://svc:${PASSWORD}@proxy.acme.com:3128`;
const GALILEO = new URL('https://api.galileo.ai');

const readText = (): Promise<string> => Promise.reject(new Error('ENOENT'));
const load = (env: Record<string, string>) => loadConfig({ env: { ...GOOD, ...env }, readText });

async function problemsOf(env: Record<string, string>): Promise<string[]> {
  const loaded = await load(env);
  return loaded.kind === 'refused' ? loaded.problems.map(({ setting, message }) => `${setting} ${message}`) : [];
}

async function settingsOf(env: Record<string, string>) {
  const loaded = await load(env);
  return loaded.kind === 'loaded' ? loaded.config.settings : loaded.readable.settings;
}

const routeOf = async (env: Record<string, string>, url = GALILEO) => egressOf(await settingsOf(env)).route(url).kind;

describe('the settings of the egress proxy', () => {
  it('are unset by default, and then every route is direct', async () => {
    expect(await routeOf({})).toBe('direct');
  });

  it.each(['HTTPS_PROXY', 'https_proxy'])('are read from %s', async (name) => {
    expect(await routeOf({ [name]: 'proxy:3128' })).toBe('proxy');
  });

  it.each(['NO_PROXY', 'no_proxy'])('let %s name what is reached directly', async (name) => {
    expect(await routeOf({ HTTPS_PROXY: 'proxy:3128', [name]: '.galileo.ai' })).toBe('direct');
  });

  it('count an empty variable as absent, in either case', async () => {
    expect(await routeOf({ HTTPS_PROXY: '', https_proxy: 'proxy:3128' })).toBe('proxy');
    expect(await problemsOf({ HTTPS_PROXY: '', https_proxy: '', NO_PROXY: 'https://x' })).toEqual([]);
  });

  it('may be set twice alike, and not differently: programs disagree about which counts', async () => {
    expect(await problemsOf({ HTTPS_PROXY: 'http://a', https_proxy: 'http://a' })).toEqual([]);
    expect(await problemsOf({ HTTPS_PROXY: WITH_PASSWORD, https_proxy: 'http://b' })).toEqual([
      'HTTPS_PROXY and https_proxy are both set and differ; keep one',
    ]);
    expect(await problemsOf({ HTTPS_PROXY: 'http://a', NO_PROXY: 'a.io', no_proxy: 'b.io' })).toEqual([
      'NO_PROXY and no_proxy are both set and differ; keep one',
    ]);
  });

  it('are not read where they are meant for other programs', async () => {
    expect(await problemsOf({ NO_PROXY: 'https://not-for-us', no_proxy: 'b.io' })).toEqual([]);
    const others = { HTTP_PROXY: 'http://proxy', http_proxy: 'socks5://x', ALL_PROXY: 'socks5://y', FTP_PROXY: 'z' };
    expect(await problemsOf(others)).toEqual([]);
    expect(await routeOf(others)).toBe('direct');
  });

  it('are refused by name where they cannot be read, without a word of the credentials', async () => {
    const problems = await problemsOf({ https_proxy: `socks5://svc:${PASSWORD}@proxy`, NO_PROXY: 'a.io,https://b.io' });
    expect(problems).toEqual([
      'HTTPS_PROXY names a SOCKS proxy, which this service does not speak; name an HTTP proxy that allows CONNECT',
      'NO_PROXY has an entry 2 that begins with a scheme; write the host alone',
    ]);
  });

  it('are never shown with their credentials', async () => {
    for (const name of ['HTTPS_PROXY', 'https_proxy']) {
      const env = { ...GOOD, [name]: WITH_PASSWORD, no_proxy: 'a.io' };
      const settings = await settingsOf(env);
      const shown = effectiveSettings({ env, settings, files: new Set() });
      const of = (setting: string) => shown.find((one) => one.name === setting);
      expect(of('HTTPS_PROXY')).toMatchObject({
        value: 'http://[credentials]@proxy.acme.com:3128',
        source: 'environment',
      });
      expect(of('NO_PROXY')).toMatchObject({ value: 'a.io', source: 'environment' });
      for (const text of [JSON.stringify(shown), inspect(settings, { depth: 9, showHidden: true })]) {
        expect(text).not.toContain(PASSWORD);
        expect(text).not.toContain(btoa(`svc:${PASSWORD}`));
      }
    }
    const env = { ...GOOD, NO_PROXY: 'a.io' };
    const unread = effectiveSettings({ env, settings: await settingsOf(env), files: new Set() });
    expect(unread.find((one) => one.name === 'NO_PROXY')).toMatchObject({ value: null, source: 'unset' });
  });

  it('leave the environment with every variable that may hold the same credentials', () => {
    expect(SECRET_SETTINGS).toEqual(
      expect.arrayContaining(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy']),
    );
  });

  it.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'all_proxy'])(
    'add the password in %s to the secrets that output is searched for',
    async (name) => {
      const holdsKey = createKeySearch(await keyCandidates({ env: { [name]: WITH_PASSWORD }, readText }));
      expect(holdsKey(`a page with ${PASSWORD} in it`)).toBe(true);
      expect(holdsKey(`Basic ${btoa(`svc:${PASSWORD}`)}`)).toBe(true);
      expect(holdsKey('a page about proxy.acme.com:3128')).toBe(false);
    },
  );
});
