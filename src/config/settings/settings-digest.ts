import { canonicalJson } from '../../lib/canonical-json.ts';
import { Secret } from '../../lib/secret.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import type { Config } from '../load.ts';
import { SETTING_NAMES, SETTING_ROWS } from '../schema.ts';

/**
 * The digest of the settings in force, for the record of a start: equal digests mean equal settings. No secret is hashed:
 * a secret setting is left out, and so are the credentials in an address and what `config print` does not show of a URL.
 * A digest of a weak secret could be searched for. A secret in a file is therefore only covered by the path of the file.
 */
export function settingsDigest({ settings, issuers }: Config): string {
  const entries = SETTING_NAMES.flatMap((name): [string, unknown][] => {
    const { secret, shown } = SETTING_ROWS[name];
    // The list of issuers is below as it was read, wherever its text came from.
    if (secret === true || name === 'AUTH_ISSUERS') return [];
    const value: unknown = settings[name];
    return [[name, plain(shown !== undefined && typeof value === 'string' ? shown(value) : value)]];
  });
  return sha256Hex(canonicalJson({ settings: Object.fromEntries(entries), issuers: plain(issuers) }));
}

/** JSON data without secrets and functions. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(
    ([, inner]) => !(inner instanceof Secret) && typeof inner !== 'function' && inner !== undefined,
  );
  return Object.fromEntries(kept.map(([name, inner]) => [name, plain(inner)]));
}
