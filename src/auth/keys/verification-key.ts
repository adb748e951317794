import { importJWK } from 'jose';
import type { CryptoKey } from 'jose';
import * as z from 'zod';

import { ALGORITHM_NAMES, ALGORITHMS } from './algorithms.ts';
import type { Algorithm } from './algorithms.ts';
import { isAbsent, isEmpty, readMaterial } from './key-material.ts';
import type { MaterialFault, PublicMaterial } from './key-material.ts';
import { isKeyId } from '../token/token-grammar.ts';

/**
 * Selects the keys of a key set that may verify tokens (RFC 7517, RFC 8725 §3.5). Invariant: the selected keys are
 * public and asymmetric, each is imported only for algorithms that fit its type, and no two of them share a `kid` for
 * the same algorithm.
 *
 * An unfit key is set aside, and the set is not refused because of it. A refused set would leave the previous one in
 * use until the issuer fixes its document. RFC 7517 §5 asks to skip keys of unknown types anyway. Keys that can verify
 * nothing are set aside first: an encryption key under the `kid` of the signing key costs nothing. The exception is a
 * published private key, which costs its public half wherever that is listed, because anyone can sign with it.
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
  | 'algorithm_not_supported'
  | 'algorithm_not_allowed'
  | 'name_in_other_case'
  | 'too_many_keys'
  | MaterialFault;

export interface UsableKeys {
  readonly usable: readonly VerificationKey[];
  /** One for each key that was set aside. `key_id_repeated` also for a key that lost only some of its algorithms. */
  readonly dropped: readonly KeyFault[];
}

/** A signing key with its `kid` in the canonical form. */
interface Candidate {
  readonly keyId: string | null;
  readonly material: PublicMaterial;
  readonly algorithms: readonly Algorithm[];
}

type Members = Readonly<Record<string, unknown>>;

const keySetSchema = z.object({ keys: z.array(z.unknown()) });
const keySchema = z.looseObject({ kty: z.string() });

/** Members that only a private or symmetric key has (RFC 7518 §6.2.2, §6.3.2, §6.4; RFC 8037 §2). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
/** A public key that came from a private one may still list `sign`. */
const SIGNATURE_OPERATIONS: ReadonlySet<unknown> = new Set(['verify', 'sign']);
/** More than any issuer publishes. It bounds the cost of importing. */
const MAX_KEYS = 200;

/** Returns null when `document` is not a JWK set. */
export async function selectUsableKeys(document: unknown, allowed: readonly Algorithm[]): Promise<UsableKeys | null> {
  const set = keySetSchema.safeParse(document);
  if (!set.success) return null;
  const read = set.data.keys.map((jwk) => readKey(jwk, allowed));
  const dropped = read.filter((key) => typeof key === 'string');
  const leaked = new Set(set.data.keys.flatMap(leakedMaterial));
  const candidates = read.filter((key) => typeof key !== 'string');
  const sound = candidates.filter(({ material }) => !leaked.has(textOf(material)));
  for (let more = sound.length; more < candidates.length; more += 1) dropped.push('private_or_symmetric');

  const distinct = mergeRepeats(sound);
  const contested = contestedIds(distinct);
  const usable: VerificationKey[] = [];
  for (const { keyId, material, algorithms } of distinct) {
    const own = algorithms.filter((algorithm) => keyId === null || !contested.has(claimOf(keyId, algorithm)));
    if (own.length < algorithms.length) dropped.push('key_id_repeated');
    if (own.length === 0) continue;
    const byAlgorithm = usable.length < MAX_KEYS ? await importFor(own, material) : null;
    if (byAlgorithm === null) dropped.push('too_many_keys');
    else if (byAlgorithm.size === 0) dropped.push('key_malformed');
    else usable.push({ keyId, byAlgorithm });
  }
  return { usable, dropped };
}

function readKey(candidate: unknown, allowed: readonly Algorithm[]): Candidate | KeyFault {
  const parsed = keySchema.safeParse(candidate);
  if (!parsed.success) return 'not_a_key';
  const jwk = parsed.data;
  if (isSecret(jwk)) return 'private_or_symmetric';
  if (isInOtherCase(jwk)) return 'name_in_other_case';
  if (!isForVerifying(jwk)) return 'not_for_signatures';
  const keyId = isAbsent(jwk.kid) ? null : jwk.kid;
  if (keyId !== null && !isKeyId(keyId)) return 'key_id_malformed';
  const fitting = algorithmsOf(jwk);
  const [first] = fitting;
  if (first === undefined) return 'algorithm_not_supported';
  const algorithms = fitting.filter((algorithm) => allowed.includes(algorithm));
  if (algorithms.length === 0) return 'algorithm_not_allowed';
  const material = readMaterial(ALGORITHMS[first].kty, jwk);
  return typeof material === 'string' ? material : { keyId, material, algorithms };
}

function isSecret(jwk: Members): boolean {
  return jwk.kty === 'oct' || SECRET_MEMBERS.some((member) => !isAbsentSecret(member, jwk[member]));
}

/** `oth` lists further primes. An empty list has none. */
function isAbsentSecret(member: string, value: unknown): boolean {
  return member === 'oth' ? isAbsent(value) || (Array.isArray(value) && value.length === 0) : isAbsent(value);
}

/** The values are case-sensitive (RFC 7517 §4.2, §4.4), so `SIG` and `rs256` are not read, but named. */
function isInOtherCase({ use, alg }: Members): boolean {
  if (typeof use === 'string' && use !== 'sig' && use.toLowerCase() === 'sig') return true;
  const isKnown = ALGORITHM_NAMES.some((name) => name === alg);
  return typeof alg === 'string' && !isKnown && ALGORITHM_NAMES.some((name) => sameLetters(name, alg));
}

function sameLetters(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** The public half of a published private key. */
function leakedMaterial(candidate: unknown): string[] {
  const jwk = keySchema.safeParse(candidate).data;
  if (jwk === undefined || !isSecret(jwk)) return [];
  const [first] = algorithmsOf({ ...jwk, alg: null });
  const material = first === undefined ? 'key_malformed' : readMaterial(ALGORITHMS[first].kty, jwk);
  return typeof material === 'string' ? [] : [textOf(material)];
}

/** RFC 7517 §4.2, §4.3. An empty list of operations says nothing beside `use`; a text is a list of one. */
function isForVerifying(jwk: Members): boolean {
  const { use, key_ops: written } = jwk;
  if (!isEmpty(use) && use !== 'sig') return false;
  const operations = typeof written === 'string' && written !== '' ? [written] : written;
  if (isAbsent(operations) || operations === '') return true;
  if (!Array.isArray(operations)) return false;
  return (
    operations.some((operation) => SIGNATURE_OPERATIONS.has(operation)) || (operations.length === 0 && use === 'sig')
  );
}

function algorithmsOf(jwk: Members): readonly Algorithm[] {
  return ALGORITHM_NAMES.filter((name) => {
    const { kty, crv } = ALGORITHMS[name];
    const fits = jwk.kty === kty && (crv === null || jwk.crv === crv);
    return fits && (isEmpty(jwk.alg) || jwk.alg === name);
  });
}

/** A key that is listed more than once under the same `kid` is one key, for all the algorithms of its entries. */
function mergeRepeats(candidates: readonly Candidate[]): readonly Candidate[] {
  const merged = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const { keyId, material, algorithms } = candidate;
    const place = JSON.stringify([keyId, textOf(material)]);
    const before = merged.get(place)?.algorithms ?? [];
    merged.set(place, { ...candidate, algorithms: [...new Set([...before, ...algorithms])] });
  }
  return [...merged.values()];
}

/** What more than one key claims. Such an id does not identify a key for this algorithm, so none of them gets it. */
function contestedIds(keys: readonly Candidate[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const contested = new Set<string>();
  for (const { keyId, algorithms } of keys) {
    if (keyId === null) continue;
    for (const algorithm of algorithms) {
      const claim = claimOf(keyId, algorithm);
      if (seen.has(claim)) contested.add(claim);
      seen.add(claim);
    }
  }
  return contested;
}

function claimOf(keyId: string, algorithm: Algorithm): string {
  return `${algorithm} ${keyId}`;
}

/** The members of the canonical form have one order. */
function textOf(material: PublicMaterial): string {
  return JSON.stringify(material);
}

async function importFor(
  algorithms: readonly Algorithm[],
  material: PublicMaterial,
): Promise<ReadonlyMap<Algorithm, CryptoKey>> {
  const imported = new Map<Algorithm, CryptoKey>();
  for (const algorithm of algorithms) {
    try {
      const key = await importJWK(material, algorithm);
      if (!(key instanceof Uint8Array) && key.type === 'public') imported.set(algorithm, key);
    } catch {
      // For example a point off its curve. A key without any algorithm is set aside.
    }
  }
  return imported;
}
