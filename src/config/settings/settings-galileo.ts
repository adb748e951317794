/**
 * The settings about Galileo: where it is, how the service signs in there, and what else it is asked. Rules that join them
 * are in galileo-contradictions.ts.
 */
import { checkApiKey, checkPassword, checkUsername } from '../../upstream/api-keys.ts';
import { AUTH_SCHEMES } from '../../upstream/credentials.ts';
import { urlFault } from '../reading/url-fault.ts';
import type { SettingRow } from '../setting-row.ts';
import { checkedText, onOrOff, path, wholeNumber, word } from '../setting-row.ts';

/** The fields that Galileo's servers read the key from. */
export const KEY_HEADERS = ['Galileo-API-Key', 'Splunk-AO-API-Key'] as const;

const apiKey = checkedText(checkApiKey);

const baseUrl = checkedText((value) => {
  const url = URL.parse(value);
  const fault = urlFault(value);
  if (fault !== null || url === null) return fault ?? 'must be an absolute URL';
  const isBare = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return isBare ? null : 'must have no user, query or fragment';
}).transform((value) => value.replace(/\/+$/, ''));

/** How people write the schemes. */
const OTHER_SCHEMES = {
  apikey: 'api_key',
  'api-key': 'api_key',
  key: 'api_key',
  token: 'api_key',
  http_basic: 'basic',
  httpbasic: 'basic',
  oauth2: 'password',
  oauth: 'password',
  login: 'password',
  email: 'password',
} as const;

export const GALILEO_SETTINGS = {
  GALILEO_API_URL: {
    parse: baseUrl,
    holds: 'url',
    fallback: 'https://api.galileo.ai',
    about: 'The one origin the key or the password goes to.',
    example: 'https://api.galileo.ai',
  },
  GALILEO_AUTH: {
    parse: word(AUTH_SCHEMES, OTHER_SCHEMES),
    fallback: 'api_key',
    about:
      'How the service signs in to Galileo: `api_key` with `GALILEO_API_KEY`; `basic` with a user name and a password in each request; `password` with a token that they are exchanged for at `/login`. docs/galileo.md',
    example: 'password',
  },
  GALILEO_API_KEY: {
    parse: apiKey,
    secret: true,
    about: 'The key. Prefer `GALILEO_API_KEY_FILE`.',
    example: '(secret)',
  },
  GALILEO_API_KEY_FILE: {
    parse: path,
    holds: 'path',
    secretFile: true,
    about: 'File that holds the key; re-read when it changes, so a rotated secret needs no restart.',
    example: '/run/secrets/galileo-api-key',
  },
  GALILEO_API_KEY_NEXT: {
    parse: apiKey,
    secret: true,
    about: 'The key to come: tried once when Galileo answers the current one with 401.',
    example: '(secret)',
  },
  GALILEO_API_KEY_NEXT_FILE: {
    parse: path,
    holds: 'path',
    secretFile: true,
    about: 'File that holds the key to come.',
    example: '/run/secrets/galileo-api-key-next',
  },
  GALILEO_API_KEY_HEADER: {
    parse: word(KEY_HEADERS),
    fallback: 'Galileo-API-Key',
    about: 'Field that carries the key; newer servers also take `Splunk-AO-API-Key`.',
    example: 'Galileo-API-Key',
  },
  GALILEO_USERNAME: {
    parse: checkedText(checkUsername),
    ofPasswordSchemes: true,
    about:
      'The user name for `GALILEO_AUTH=basic` and `password`: that of a service account with the role admin or manager.',
    example: 'invites@acme.com',
  },
  GALILEO_PASSWORD: {
    parse: checkedText(checkPassword),
    secret: true,
    ofPasswordSchemes: true,
    about: 'Its password: at least 16 visible ASCII characters. Prefer `GALILEO_PASSWORD_FILE`.',
    example: '(secret)',
  },
  GALILEO_PASSWORD_FILE: {
    parse: path,
    holds: 'path',
    secretFile: true,
    about: 'File that holds the password; re-read when it changes.',
    example: '/run/secrets/galileo-password',
  },
  GALILEO_TIMEOUT_MS: {
    parse: wholeNumber(100, 20_000, 'ms'),
    fallback: '15000',
    about: 'For the whole exchange with Galileo, retries included; 100 to 20000.',
    example: '15000',
  },
  GALILEO_RECONCILE: {
    parse: onOrOff,
    fallback: 'off',
    about:
      'Whether Galileo is asked, read-only, what became of requests whose outcome is unknown. Nothing is ever sent again.',
    example: 'on',
  },
  GALILEO_LOOKUPS: {
    parse: onOrOff,
    fallback: 'off',
    about:
      'Whether Galileo is asked, read-only, for its groups every ten minutes: for the names that the policy file does not give, and to notice groups of the policy that do not exist. docs/galileo.md',
    example: 'on',
  },
} as const satisfies Record<string, SettingRow>;
