import type { CryptoKey } from 'jose';

import type { Algorithm } from './algorithms.ts';
import type { VerificationKey } from './verification-key.ts';

/**
 * Chooses the keys that may have signed a token. Pure. A `kid` is a hint that narrows the choice among keys which are
 * all trusted (RFC 7515 §4.1.4), so where there is none, each key that fits the algorithm is tried:
 * - A token with a `kid` is verified with the key of that `kid` alone. Only when no key has it, keys without any `kid`
 *   may be meant: some issuers name the key in tokens and not in the key set.
 * - A token without a `kid` may be signed with any key that fits its algorithm, as while an issuer changes its key.
 * The number of keys that are tried is bounded, because the token is not trusted yet.
 */
export interface WantedKey {
  readonly keyId: string | null;
  readonly algorithm: Algorithm;
}

export type NoKeyReason = 'key_unknown' | 'key_ambiguous' | 'key_algorithm_mismatch';

const MAX_TRIED = 8;

/** Never an empty list. */
export function chooseKeys(
  keys: readonly VerificationKey[],
  { keyId, algorithm }: WantedKey,
): readonly CryptoKey[] | NoKeyReason {
  const named = keyId === null ? [] : keys.filter((key) => key.keyId === keyId);
  const candidates = keyId === null ? keys : named.length > 0 ? named : keys.filter((key) => key.keyId === null);
  const fitting = candidates.flatMap(({ byAlgorithm }) => byAlgorithm.get(algorithm) ?? []);
  if (fitting.length === 0) return named.length > 0 ? 'key_algorithm_mismatch' : 'key_unknown';
  return fitting.length > MAX_TRIED ? 'key_ambiguous' : fitting;
}
