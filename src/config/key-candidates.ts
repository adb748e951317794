/**
 * Collects every value of the configuration that is, or was meant to be, a key, a token or a password. Tools search
 * their output for these before they print it. It does not need a valid configuration: an invalid one is likely to have
 * a key in the wrong place.
 */
import { readHmacKey } from '../audit/hmac-key.ts';
import { checkBearerToken } from '../audit/delivery/bearer-token.ts';
import { passwordsIn } from '../lib/egress/proxy-address.ts';
import { Secret } from '../lib/secret.ts';
import { checkApiKey, checkPassword, createKeySearch, trimApiKey } from '../upstream/api-keys.ts';
import { parseHeaderList } from './settings/header-list.ts';
import type { ConfigSources } from './load.ts';
import { settingText } from './reading/setting-text.ts';
import { KEY_HEADERS, SETTING_NAMES } from './schema.ts';
import { OTHER_PROXY_VARIABLES } from './settings/settings-egress.ts';

/** Settings that can also be read from a file, each with a test for texts that the file could contain. */
const IN_FILES: Readonly<Record<string, (text: string) => boolean>> = {
  GALILEO_API_KEY: (text) => checkApiKey(text) === null,
  GALILEO_API_KEY_NEXT: (text) => checkApiKey(text) === null,
  GALILEO_PASSWORD: (text) => checkPassword(text) === null,
  AUDIT_HTTP_TOKEN: (text) => checkBearerToken(text) === null,
  AUDIT_HMAC_KEY: (text) => readHmacKey(text).kind === 'read',
  AUDIT_SIGNING_KEY: (text) => PEM_ARMOUR.test(text),
  // A shorter one also occurs in harmless texts.
  LEDGER_PASSWORD: (text) => text.trim().length >= MIN_WORD_LENGTH,
};

const HEADER_LISTS = ['AUDIT_HTTP_HEADERS', 'OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_LOGS_HEADERS'] as const;

/** Also those that this service does not read: they usually hold the same password. */
const PROXY_VARIABLES = ['HTTPS_PROXY', 'https_proxy', ...OTHER_PROXY_VARIABLES];

const PEM_ARMOUR = /-----(?:BEGIN|END) [A-Z0-9 ]+-----/;
/** Shorter words of a secret also occur in harmless texts: `Bearer`, `Basic`, `production`. */
const MIN_WORD_LENGTH = 12;

/**
 * Values of variables are always included. The content of a file is included only when it could be a key, so that a
 * wrong path does not make tools redact ordinary text.
 */
export async function keyCandidates({ env, readText }: ConfigSources): Promise<Secret[]> {
  const found = await Promise.all(
    Object.entries(IN_FILES).map(async ([name, couldBeKey]) => {
      const text = await readText(settingText(`${name}_FILE`, env) ?? '').catch(() => '');
      return [env[name] ?? '', couldBeKey(text) ? text : ''].flatMap(
        name === 'AUDIT_SIGNING_KEY' ? wordsOf : wholeText,
      );
    }),
  );
  const fields = HEADER_LISTS.flatMap((name) => Object.values(parseHeaderList(env[name] ?? '') ?? {}));
  const ledger = /^postgres/i.test(env['LEDGER_URL'] ?? '') ? ['LEDGER_URL'] : [];
  const passwords = [...PROXY_VARIABLES, ...ledger].flatMap((name) => passwordsIn(env[name] ?? ''));
  return [...found.flat(), ...fields.flatMap(wordsOf), ...passwords]
    .flatMap(withoutNames)
    .filter((text) => text !== '')
    .map((text) => new Secret(trimApiKey(text)));
}

/**
 * Reads every secret that `sources` hold now. The returned function replaces a text that holds one of them in a
 * rendering that SECURITY.md lists, because keys get pasted into the wrong setting and error text quotes settings.
 */
export async function withoutKeys(sources: ConfigSources): Promise<(text: string) => string> {
  const holdsKey = createKeySearch(await keyCandidates(sources));
  return (text) => (holdsKey(text) ? '(withheld: a setting holds the key)' : text);
}

/**
 * Long names that were pasted with a secret or in its place. No secret holds one, but the problems of settings do. A
 * shorter name may be a part of a secret, and is too short to be found.
 */
const NAMES = new RegExp(
  [...SETTING_NAMES, ...KEY_HEADERS]
    .filter((name) => name.length >= MIN_WORD_LENGTH)
    .toSorted((a, b) => b.length - a.length)
    .join('|'),
  'gi',
);

function withoutNames(text: string): readonly string[] {
  return text.split(NAMES);
}

function wholeText(text: string): readonly string[] {
  return [text];
}

/** A PEM text and a header value contain the secret among other words. */
function wordsOf(text: string): readonly string[] {
  return text
    .replaceAll('\\n', '\n')
    .replaceAll(new RegExp(PEM_ARMOUR, 'g'), '')
    .split(/\s+/)
    .filter((word) => word.length >= MIN_WORD_LENGTH);
}
