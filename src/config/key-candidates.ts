/**
 * Everything in the configuration that is, or was meant to be, a key, a token or a password: to look for before anything
 * is printed about it. Independent of whether the configuration is any good, because that is just when keys stand in the
 * wrong place.
 */
import { readHmacKey } from '../audit/hmac-key.ts';
import { checkBearerToken } from '../audit/delivery/bearer-token.ts';
import { Secret } from '../lib/secret.ts';
import { checkApiKey, createKeySearch, trimApiKey } from '../upstream/api-keys.ts';
import { parseHeaderList } from './header-list.ts';
import type { ConfigSources } from './load.ts';

/** Settings with a twin that names a file, and whether a text could be what the file should hold. */
const IN_FILES: Readonly<Record<string, (text: string) => boolean>> = {
  GALILEO_API_KEY: (text) => checkApiKey(text) === null,
  GALILEO_API_KEY_NEXT: (text) => checkApiKey(text) === null,
  AUDIT_HTTP_TOKEN: (text) => checkBearerToken(text) === null,
  AUDIT_HMAC_KEY: (text) => readHmacKey(text).kind === 'read',
  AUDIT_SIGNING_KEY: (text) => PEM_ARMOUR.test(text),
};

const HEADER_LISTS = ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_LOGS_HEADERS'] as const;

const PEM_ARMOUR = /-----(?:BEGIN|END) [A-Z0-9 ]+-----/;
/** A shorter word of a longer secret is met in honest texts: `Bearer`, `Basic`, `production`. */
const MIN_WORD_LENGTH = 12;

/** Values as they stand; of files only what could be a key, so that a wrong path does not withhold half a page. */
export async function keyCandidates({ env, readText }: ConfigSources): Promise<Secret[]> {
  const found = await Promise.all(
    Object.entries(IN_FILES).map(async ([name, isFit]) => {
      const text = await readText(env[`${name}_FILE`] ?? '').catch(() => '');
      return [env[name] ?? '', isFit(text) ? text : ''].flatMap(name === 'AUDIT_SIGNING_KEY' ? wordsOf : asItStands);
    }),
  );
  const fields = HEADER_LISTS.flatMap((name) => Object.values(parseHeaderList(env[name] ?? '') ?? {}));
  return [...found.flat(), ...fields.flatMap(wordsOf)]
    .filter((text) => text !== '')
    .map((text) => new Secret(trimApiKey(text)));
}

/**
 * Reads every secret that `sources` hold now. The returned function replaces a text that holds one of them, in any
 * rendering, because keys get pasted into the wrong setting and error text quotes settings.
 */
export async function withoutKeys(sources: ConfigSources): Promise<(text: string) => string> {
  const holdsKey = createKeySearch(await keyCandidates(sources));
  return (text) => (holdsKey(text) ? '(withheld: a setting holds the key)' : text);
}

function asItStands(text: string): readonly string[] {
  return [text];
}

/** A PEM text and a field's value hold their secret among words that are none. */
function wordsOf(text: string): readonly string[] {
  return text
    .replaceAll('\\n', '\n')
    .replaceAll(new RegExp(PEM_ARMOUR, 'g'), '')
    .split(/\s+/)
    .filter((word) => word.length >= MIN_WORD_LENGTH);
}
