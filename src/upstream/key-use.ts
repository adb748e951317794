import type { Secret } from '../lib/secret.ts';
import type { GalileoKeys } from '../ports/secrets.ts';
import { fingerprint } from './api-keys.ts';

/**
 * Whether Galileo took the key of each slot when it was used last. It remembers fingerprints, so nothing is known of a
 * key that has replaced another one, until that key is used.
 */
export interface KeyUse {
  note(slot: KeySlot, key: Secret, isTaken: boolean): void;
  /** Of these keys; a slot whose key has not been used yet is left out. */
  ofKeys(keys: GalileoKeys): ReadonlyMap<KeySlot, boolean>;
}

export type KeySlot = keyof GalileoKeys;

export function createKeyUse(): KeyUse {
  const last = new Map<KeySlot, { readonly key: string; readonly isTaken: boolean }>();
  return {
    note(slot, key, isTaken) {
      last.set(slot, { key: fingerprint(key), isTaken });
    },
    ofKeys: ({ current, next }) =>
      new Map(
        [['current', current] as const, ['next', next] as const].flatMap(([slot, key]) => {
          const known = last.get(slot);
          return key === null || known?.key !== fingerprint(key) ? [] : [[slot, known.isTaken] as const];
        }),
      ),
  };
}
