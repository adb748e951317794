import { sha256Hex } from '../../lib/sha256.ts';
import type { Sha256 } from '../../ports/sha256.ts';
import type { Principal } from '../principal.ts';

/**
 * A cache of verified tokens, keyed by the SHA-256 of their text, because verification costs more than all other steps
 * before the invite. It contains no token. An entry is valid only for the key set version that verified the token, so a
 * changed key set invalidates the entries of its issuer. Refusals are not cached: strangers could fill the cache.
 */
const MAX_AGE_MS = 5 * 60_000;
const MAX_ENTRIES = 10_000;

export interface VerifiedToken {
  readonly principal: Principal;
  readonly keySetVersion: number;
}

export interface TokenCache {
  get(token: string, nowMs: number): VerifiedToken | null;
  put(token: string, verified: VerifiedToken, nowMs: number): void;
  drop(token: string): void;
}

interface Entry extends VerifiedToken {
  readonly storedAt: number;
  readonly endsAt: number;
}

export function createTokenCache(maxEntries = MAX_ENTRIES, sha256: Sha256 = sha256Hex): TokenCache {
  /** In the order in which they were stored. */
  const entries = new Map<string, Entry>();
  return {
    get(token, nowMs) {
      const digest = sha256(token);
      const entry = entries.get(digest);
      if (entry === undefined) return null;
      if (nowMs >= entry.storedAt && nowMs < entry.endsAt) return entry;
      entries.delete(digest);
      return null;
    },
    put(token, verified, nowMs) {
      const endsAt = Math.min(verified.principal.expiresAt * 1000, nowMs + MAX_AGE_MS);
      if (endsAt <= nowMs) return;
      const digest = sha256(token);
      entries.delete(digest);
      entries.set(digest, { ...verified, storedAt: nowMs, endsAt });
      const [oldest] = entries.keys();
      if (entries.size > maxEntries && oldest !== undefined) entries.delete(oldest);
    },
    drop(token) {
      entries.delete(sha256(token));
    },
  };
}
