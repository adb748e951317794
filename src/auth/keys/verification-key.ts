import { base64url, importJWK } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import * as z from 'zod';

import { ALGORITHM_NAMES, ALGORITHMS } from './algorithms.ts';
import type { Algorithm } from './algorithms.ts';
import { isKeyId } from '../token/token-grammar.ts';

/**
 * Selects the keys of a key set that may verify tokens (RFC 7517, RFC 8725 §3.5). Invariant: the selected keys are
 * public and asymmetric, each is imported only for algorithms that fit its type, and no two of them share a `kid`.
 *
 * An unfit key is dropped, but the set is not refused because of it. A refused set would leave the previous one in use
 * until the issuer fixes its document. If the issuer has published a private key, the previous set contains its public
 * half; dropping the key revokes it at once. RFC 7517 §5 asks to skip keys of unknown types anyway.
 */
export interface VerificationKey {
  readonly keyId: string | null;
  /** One CryptoKey per algorithm, because a CryptoKey is bound to one. */
  readonly byAlgorithm: ReadonlyMap<Algorithm, CryptoKey>;
}

export type KeyFault =
  | 'not_a_key'
  | 'private_or_symmetric'
  | 'not_for_signatures'
  | 'key_id_malformed'
  | 'key_id_repeated'
  | 'weak_rsa'
  | 'algorithm_not_supported';

export interface UsableKeys {
  readonly usable: readonly VerificationKey[];
  readonly dropped: readonly KeyFault[];
}

const keySetSchema = z.object({ keys: z.array(z.unknown()) });
const keySchema = z.looseObject({ kty: z.string() });

/** Members that only a private or symmetric key has (RFC 7518 §6.2.2, §6.3.2, §6.4; RFC 8037 §2). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
/** The only members that are imported from a published key. Certificates and hints are ignored. */
const PUBLIC_MEMBERS = { RSA: ['n', 'e'], EC: ['crv', 'x', 'y'], OKP: ['crv', 'x'] } as const;
const RSA_MODULUS_BITS = { min: 2048, max: 8192 };
/** FIPS 186-5 §A.1.1: odd, above 2^16. The upper bound is what crypto libraries accept for long moduli. */
const RSA_EXPONENT = { min: 2n ** 16n, max: 2n ** 64n };

/** Returns null when `document` is not a JWK set. */
export async function selectUsableKeys(document: unknown, allowed: readonly Algorithm[]): Promise<UsableKeys | null> {
  const set = keySetSchema.safeParse(document);
  if (!set.success) return null;
  const repeated = repeatedKeyIds(set.data.keys);
  const read = await Promise.all(set.data.keys.map((jwk) => readKey(jwk, repeated, allowed)));
  return {
    usable: read.filter((key) => typeof key !== 'string'),
    dropped: read.filter((key) => typeof key === 'string'),
  };
}

async function readKey(
  candidate: unknown,
  repeated: ReadonlySet<unknown>,
  allowed: readonly Algorithm[],
): Promise<VerificationKey | KeyFault> {
  const parsed = keySchema.safeParse(candidate);
  if (!parsed.success) return 'not_a_key';
  const jwk = parsed.data;
  if (jwk.kty === 'oct' || SECRET_MEMBERS.some((member) => Object.hasOwn(jwk, member))) return 'private_or_symmetric';
  if (!isForVerifying(jwk)) return 'not_for_signatures';
  if (jwk.kid !== undefined && !isKeyId(jwk.kid)) return 'key_id_malformed';
  if (repeated.has(jwk.kid)) return 'key_id_repeated';
  if (jwk.kty === 'RSA' && !isStrongRsa(jwk)) return 'weak_rsa';
  const byAlgorithm = await importFor(algorithmsOf(jwk, allowed), jwk);
  if (byAlgorithm.size === 0) return 'algorithm_not_supported';
  return { keyId: isKeyId(jwk.kid) ? jwk.kid : null, byAlgorithm };
}

/** Ids that more than one key has. Such an id does not identify a key, so all keys with it are dropped. */
function repeatedKeyIds(keys: readonly unknown[]): ReadonlySet<unknown> {
  const ids = keys.map((key) => keySchema.safeParse(key).data?.kid).filter((id) => id !== undefined);
  return new Set(ids.filter((id, index) => ids.indexOf(id) !== index));
}

/** RFC 7517 §4.2, §4.3. */
function isForVerifying(jwk: Readonly<Record<string, unknown>>): boolean {
  if (jwk.use !== undefined && jwk.use !== 'sig') return false;
  return jwk.key_ops === undefined || (Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify'));
}

function isStrongRsa(jwk: Readonly<Record<string, unknown>>): boolean {
  const modulus = unsigned(jwk.n);
  const exponent = unsigned(jwk.e);
  if (modulus === null || exponent === null) return false;
  const bits = modulus.toString(2).length;
  if (bits < RSA_MODULUS_BITS.min || bits > RSA_MODULUS_BITS.max) return false;
  return modulus % 2n === 1n && exponent % 2n === 1n && exponent > RSA_EXPONENT.min && exponent < RSA_EXPONENT.max;
}

/** A Base64urlUInt (RFC 7518 §2), or null. The length bound keeps the conversion cheap. */
function unsigned(value: unknown): bigint | null {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_-]{1,2048}$/.test(value)) return null;
  try {
    return base64url.decode(value).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  } catch {
    return null;
  }
}

function algorithmsOf(jwk: Readonly<Record<string, unknown>>, allowed: readonly Algorithm[]): readonly Algorithm[] {
  return ALGORITHM_NAMES.filter((name) => {
    const { kty, crv } = ALGORITHMS[name];
    const fits = jwk.kty === kty && (crv === null || jwk.crv === crv);
    return fits && allowed.includes(name) && (jwk.alg === undefined || jwk.alg === name);
  });
}

async function importFor(
  algorithms: readonly Algorithm[],
  jwk: Readonly<Record<string, unknown>>,
): Promise<ReadonlyMap<Algorithm, CryptoKey>> {
  const imported = new Map<Algorithm, CryptoKey>();
  for (const algorithm of algorithms) {
    const { kty } = ALGORITHMS[algorithm];
    const publicPart: JWK = { kty, ...Object.fromEntries(PUBLIC_MEMBERS[kty].map((member) => [member, jwk[member]])) };
    try {
      const key = await importJWK(publicPart, algorithm);
      if (!(key instanceof Uint8Array) && key.type === 'public') imported.set(algorithm, key);
    } catch {
      // For example a point off its curve, or a member of the wrong length. A key without any algorithm is dropped.
    }
  }
  return imported;
}
