import type { Secret } from '../lib/secret.ts';
import type { GalileoKeys, Secrets } from '../ports/secrets.ts';
import type { FingerprintOf } from './sign-in/secret-fingerprint.ts';

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

export interface WatchOptions {
  readonly isNextSet: boolean;
  /** Null when it cannot be made now: the slot is reported when it is read again. */
  readonly fingerprintOf: FingerprintOf;
  readonly onKey: (seen: SeenKey) => void;
}

export function watchKeys(secrets: Secrets, { isNextSet, fingerprintOf, onKey }: WatchOptions): Secrets {
  const last = new Map<keyof GalileoKeys, Secret | null>();

  async function report(slot: keyof GalileoKeys, key: Secret | null): Promise<void> {
    const before = last.get(slot);
    last.set(slot, key);
    const fingerprint = key === null ? null : await fingerprintOf(key);
    if (fingerprint !== null || key === null) onKey({ slot, fingerprint, isChange: before !== undefined });
    else if (before === undefined) last.delete(slot);
    else last.set(slot, before);
  }

  return {
    async galileoKeys() {
      const keys = await secrets.galileoKeys();
      if (last.get('current') !== keys.current) await report('current', keys.current);
      if ((keys.next !== null || !isNextSet) && last.get('next') !== keys.next) await report('next', keys.next);
      return keys;
    },
  };
}
