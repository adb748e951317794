import type { WantedKey } from './choose-keys.ts';

/**
 * Remembers when keys were first asked for that a key set did not hold. A key is known to be missing once a document
 * that was fetched at that time or later does not hold it. Before, the issuer may have begun to use it after the last
 * fetch. The memory is bounded: strangers can make up names. What is forgotten counts as never asked for.
 */
const MAX_ENTRIES = 500;

export interface MissingKeys {
  /** When the key was first asked for, which is now if it is not remembered. Milliseconds since the epoch. */
  firstAsked(wanted: WantedKey, nowMs: number): number;
}

export function createMissingKeys(): MissingKeys {
  /** Ordered by last use, oldest first. */
  const asked = new Map<string, number>();
  return {
    firstAsked({ keyId, algorithm }, nowMs) {
      const name = keyId ?? ` ${algorithm}`;
      const atMs = Math.min(asked.get(name) ?? nowMs, nowMs); // A later time is from before the clock was set back.
      asked.delete(name);
      asked.set(name, atMs);
      const [oldest] = asked.keys();
      if (asked.size > MAX_ENTRIES && oldest !== undefined) asked.delete(oldest);
      return atMs;
    },
  };
}
