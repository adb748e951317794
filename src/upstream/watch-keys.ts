import type { Secret } from '../lib/secret.ts';
import type { GalileoKeys, Secrets } from '../ports/secrets.ts';
import { fingerprint } from './api-keys.ts';

/**
 * Reports which Galileo key each slot holds, by fingerprint, when a slot is read for the first time and whenever it holds
 * another key. It changes nothing about the keys: a key is used at once, whether or not the report succeeds. A next key
 * that is configured and cannot be read is not reported as gone.
 */
export interface SeenKey {
  readonly slot: keyof GalileoKeys;
  /** Null: the slot is empty. */
  readonly fingerprint: string | null;
  /** The slot was read before, and held something else. */
  readonly isChange: boolean;
}

export function watchKeys(
  secrets: Secrets,
  { isNextSet, onKey }: { readonly isNextSet: boolean; readonly onKey: (seen: SeenKey) => void },
): Secrets {
  const last = new Map<keyof GalileoKeys, Secret | null>();

  function see(slot: keyof GalileoKeys, key: Secret | null): void {
    const before = last.get(slot);
    if (before === key) return;
    last.set(slot, key);
    onKey({ slot, fingerprint: key === null ? null : fingerprint(key), isChange: before !== undefined });
  }

  return {
    async galileoKeys() {
      const keys = await secrets.galileoKeys();
      see('current', keys.current);
      if (keys.next !== null || !isNextSet) see('next', keys.next);
      return keys;
    },
  };
}
