/**
 * Everything in the configuration that is, or was meant to be, a key: to look for before anything is printed about it.
 * Independent of whether the configuration is any good, because that is just when keys stand in the wrong place.
 */
import { Secret } from '../lib/secret.ts';
import { checkApiKey, trimApiKey } from '../upstream/api-keys.ts';
import type { ConfigSources } from './load.ts';

const SETTINGS = ['GALILEO_API_KEY', 'GALILEO_API_KEY_NEXT'] as const;

/** Values as they stand; of files only what could be a key, so that a wrong path does not withhold half a page. */
export async function keyCandidates({ env, readText }: ConfigSources): Promise<Secret[]> {
  const values = SETTINGS.map((name) => env[name] ?? '');
  const files = await Promise.all(SETTINGS.map((name) => readText(env[`${name}_FILE`] ?? '').catch(() => '')));
  return [...values, ...files.filter((text) => checkApiKey(text) === null)]
    .filter((text) => text !== '')
    .map((text) => new Secret(trimApiKey(text)));
}
