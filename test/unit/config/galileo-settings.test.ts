/** How the settings of the three ways to sign in to Galileo go together, and what else Galileo is asked. */
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';

const AUTH_ISSUERS = '[{"name":"corp","issuer":"https://login.example.com","audience":"invites"}]';
const KEY = 'a-good-key-0123456789';
const PASSWORD = 'a-good-password-01';
const WITH_KEY = { GALILEO_API_KEY: KEY };
const SIGN_IN = { GALILEO_USERNAME: 'invites@acme.com', GALILEO_PASSWORD: PASSWORD };

async function load(env: Readonly<Record<string, string>>) {
  return await loadConfig({ env: { AUTH_ISSUERS, ...env }, readText: () => Promise.reject(new Error('no file')) });
}

async function problemsOf(env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const loaded = await load(env);
  return loaded.kind === 'loaded' ? [] : loaded.problems.map(({ setting, message }) => `${setting} ${message}`);
}

describe('GALILEO_AUTH', () => {
  it.each([
    ['nothing', WITH_KEY, 'api_key'],
    ['api_key', { GALILEO_AUTH: 'api_key', ...WITH_KEY }, 'api_key'],
    ['basic', { GALILEO_AUTH: 'basic', ...SIGN_IN }, 'basic'],
    ['password', { GALILEO_AUTH: 'Password', ...SIGN_IN }, 'password'],
    [
      'password in a file',
      { GALILEO_AUTH: 'password', GALILEO_USERNAME: 'x', GALILEO_PASSWORD_FILE: '/x' },
      'password',
    ],
    ['password for a user with a colon', { GALILEO_AUTH: 'password', ...SIGN_IN, GALILEO_USERNAME: 'a:b' }, 'password'],
  ])('may be %s', async (_, env, scheme) => {
    const loaded = await load(env);
    expect(loaded.kind === 'loaded' ? loaded.config.settings.GALILEO_AUTH : loaded.problems).toBe(scheme);
  });

  const CONTRADICTIONS: readonly (readonly [env: Readonly<Record<string, string>>, problem: string])[] = [
    [{}, 'GALILEO_API_KEY or GALILEO_API_KEY_FILE must be set'],
    [
      { GALILEO_USERNAME: 'invites@acme.com' },
      'GALILEO_API_KEY or GALILEO_API_KEY_FILE must be set; to sign in with GALILEO_USERNAME, set GALILEO_AUTH',
    ],
    [
      { ...WITH_KEY, GALILEO_PASSWORD_FILE: '/x' },
      'GALILEO_PASSWORD_FILE is for GALILEO_AUTH=basic and password; set GALILEO_AUTH, or remove it',
    ],
    ...['basic', 'password'].flatMap((scheme): [Record<string, string>, string][] => [
      [
        { GALILEO_AUTH: scheme, GALILEO_PASSWORD: PASSWORD },
        `GALILEO_USERNAME must be set with GALILEO_AUTH=${scheme}`,
      ],
      [
        { GALILEO_AUTH: scheme, GALILEO_USERNAME: 'x' },
        `GALILEO_PASSWORD or GALILEO_PASSWORD_FILE must be set with GALILEO_AUTH=${scheme}`,
      ],
      ...[
        ['GALILEO_API_KEY', KEY],
        ['GALILEO_API_KEY_FILE', '/x'],
        ['GALILEO_API_KEY_NEXT', KEY],
        ['GALILEO_API_KEY_NEXT_FILE', '/x'],
        ['GALILEO_API_KEY_HEADER', 'Galileo-API-Key'],
      ].map(([name = '', value = '']): [Record<string, string>, string] => [
        { GALILEO_AUTH: scheme, ...SIGN_IN, [name]: value },
        `${name} is for GALILEO_AUTH=api_key, and GALILEO_AUTH is ${scheme}; remove one`,
      ]),
      [
        { GALILEO_AUTH: scheme, ...SIGN_IN, GALILEO_PASSWORD_FILE: '/x' },
        'GALILEO_PASSWORD and GALILEO_PASSWORD_FILE are both set; keep one',
      ],
    ]),
    [
      { GALILEO_AUTH: 'basic', ...SIGN_IN, GALILEO_USERNAME: 'a:b' },
      'GALILEO_USERNAME holds a colon, which HTTP Basic cannot carry (RFC 7617); use GALILEO_AUTH=password',
    ],
    [
      { GALILEO_AUTH: 'password', ...SIGN_IN, GALILEO_PASSWORD: 'short' },
      'GALILEO_PASSWORD is shorter than 16 characters; give the account a password of at least 16 visible ASCII characters',
    ],
    [
      { GALILEO_AUTH: 'password', ...SIGN_IN, GALILEO_USERNAME: 'two words' },
      'GALILEO_USERNAME must be one word of visible ASCII characters',
    ],
    [{ GALILEO_AUTH: 'oauth2', ...SIGN_IN }, 'GALILEO_AUTH must be api_key, basic or password; did you mean password?'],
  ];

  it.each(CONTRADICTIONS)('stops the start: %j', async (env, problem) => {
    expect(await problemsOf(env)).toEqual([problem]);
  });

  it('names every contradiction at once, and no value', async () => {
    const problems = await problemsOf({ GALILEO_AUTH: 'basic', GALILEO_API_KEY: KEY, GALILEO_API_KEY_NEXT_FILE: '/x' });
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'GALILEO_API_KEY',
      'GALILEO_API_KEY_NEXT_FILE',
      'GALILEO_USERNAME',
      'GALILEO_PASSWORD',
    ]);
    expect(problems.join('\n')).not.toContain(KEY);
  });

  it('with a key ignores name and password, which Galileo’s SDK has, too, and says so', async () => {
    const loaded = await load({ ...WITH_KEY, GALILEO_USERNAME: 'two words', GALILEO_PASSWORD: 'x' });
    expect(loaded.kind).toBe('loaded');
    expect(loaded.ignored.map(({ setting }) => setting).toSorted()).toEqual(['GALILEO_PASSWORD', 'GALILEO_USERNAME']);
    expect(loaded.kind === 'loaded' ? loaded.config.settings.GALILEO_PASSWORD : 'refused').toBeNull();
  });
});

describe('GALILEO_LOOKUPS', () => {
  it.each([
    [{}, false],
    [{ GALILEO_LOOKUPS: 'off' }, false],
    [{ GALILEO_LOOKUPS: 'on' }, true],
  ])('is off unless it is set: %j', async (env, isOn) => {
    const loaded = await load({ ...WITH_KEY, ...env });
    expect(loaded.kind === 'loaded' ? loaded.config.settings.GALILEO_LOOKUPS : loaded.problems).toBe(isOn);
  });

  it('is a word', async () => {
    expect(await problemsOf({ ...WITH_KEY, GALILEO_LOOKUPS: 'true' })).toEqual([
      'GALILEO_LOOKUPS must be on or off; did you mean on?',
    ]);
  });
});
