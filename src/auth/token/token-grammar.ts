import { base64url } from 'jose';

import { parseStrictJson } from '../../contract/strict-json.ts';
import { isObject } from '../../lib/parse-object.ts';
import { decodeUtf8 } from '../../lib/text/utf8.ts';
import type { Algorithm } from '../keys/algorithms.ts';
import type { JsonObject } from './claim-at.ts';
import type { TokenFailureReason } from '../failure.ts';
import { MAX_TOKEN_BYTES } from './token-limit.ts';
import { normalTokenType } from '../issuer-profile.ts';
import type { IssuerProfile } from '../issuer-profile.ts';

/**
 * Checks the form of a token before a key is selected (RFC 7515 §7.1, RFC 8725 §3), so that a token has one reading.
 * This is not verification: until the signature is verified, the result only selects the issuer and the key.
 * Libraries are lenient about padding bits and duplicate members. If two parsers disagree about a token, an attacker can
 * bypass one of them.
 */

/** For header and claims. Keycloak's `resource_access` is the deepest claim in use, with four levels. */
const MAX_DEPTH = 16;
const MAX_KEY_ID_LENGTH = 256;
/**
 * Header fields that could choose or replace a key, or change what is read, here or in another reader of the token. All
 * others (`x5t`, `cty`, vendor names) are ignored. In lower case: no issuer means another field by another case.
 */
const REFUSED_FIELDS: ReadonlySet<string> = new Set([
  // They bring a key or say where one is (RFC 7515 §4.1, RFC 7518 §4.6, OpenID Federation §4.3).
  ...['jwk', 'jku', 'x5u', 'x5c', 'epk', 'trust_chain'],
  // They vouch for the signature or name a signer (RFC 9321 and AWS load balancers); unchecked, they are a forgery.
  ...['svt', 'signer'],
  // They change what is signed or its meaning (RFC 7515 §4.1.11, RFC 7797 §3, RFC 7516 §4.1.3, RFC 8225 §8.1).
  ...['crit', 'b64', 'zip', 'ppt'],
  // They belong to encrypted tokens (RFC 7516 §4.1, RFC 7518 §4).
  ...['enc', 'apu', 'apv', 'iv', 'tag', 'p2s', 'p2c'],
  // They say a second time who calls (RFC 7519 §5.3).
  ...['iss', 'sub', 'aud'],
  // In a program that copies members, it replaces all others.
  '__proto__',
]);
const BASE64URL = /^[A-Za-z0-9_-]+$/;
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export interface ParsedToken {
  readonly kind: 'parsed';
  readonly header: JsonObject;
  readonly payload: JsonObject;
}

export interface TokenSegments {
  readonly kind: 'segments';
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

export interface GrammarRefusal {
  readonly kind: 'refused';
  readonly reason: TokenFailureReason;
}

/** Parses header and payload of a compact JWS. Neither is verified yet. */
export function parseToken(token: string): ParsedToken | GrammarRefusal {
  const segments = splitToken(token);
  if (segments.kind === 'refused') return segments;
  const header = parseObject(segments.header);
  if (header === null) return refused('header_not_strict_json');
  const payload = parseObject(segments.payload);
  if (payload === null) return refused('payload_not_strict_json');
  return { kind: 'parsed', header, payload };
}

/** Splits a compact JWS into its three parts. None is empty, and each is the canonical base64url of its bytes. */
export function splitToken(token: string): TokenSegments | GrammarRefusal {
  if (token.length > MAX_TOKEN_BYTES) return refused('token_too_long');
  const parts = token.split('.');
  const [header, payload, signature] = parts;
  if (!header || !payload || !signature || parts.length !== 3) return refused('not_compact_jws');
  if (!parts.every(isCanonicalBase64url)) return refused('not_canonical_base64url');
  return { kind: 'segments', header: base64url.decode(header), payload: base64url.decode(payload) };
}

/** RFC 7515 §2, RFC 4648 §3.5: no padding, no other alphabet, and unused bits are zero. */
function isCanonicalBase64url(text: string): boolean {
  if (!BASE64URL.test(text)) return false;
  const unusedBits = { 0: 0, 2: 4, 3: 2 }[text.length % 4];
  if (unusedBits === undefined) return false;
  return DIGITS.indexOf(text.at(-1) ?? '') % 2 ** unusedBits === 0;
}

function parseObject(bytes: Uint8Array): JsonObject | null {
  const text = decodeUtf8(bytes, 'keep');
  if (text === null) return null;
  const json = parseStrictJson(text);
  return json.kind === 'value' && isObject(json.value) && depthOf(json.value) <= MAX_DEPTH ? json.value : null;
}

/** Stops counting just above MAX_DEPTH, so its own recursion is bounded. */
function depthOf(value: unknown, above = 0): number {
  if (typeof value !== 'object' || value === null || above > MAX_DEPTH) return above;
  return Object.values(value).reduce<number>(
    (deepest, inner) => Math.max(deepest, depthOf(inner, above + 1)),
    above + 1,
  );
}

export interface TokenHeader {
  readonly kind: 'header';
  readonly algorithm: Algorithm;
  readonly keyId: string | null;
}

/** Checks a header against its issuer's profile. */
export function readHeader(header: JsonObject, profile: IssuerProfile): TokenHeader | GrammarRefusal {
  if (Object.keys(header).some((field) => REFUSED_FIELDS.has(field.toLowerCase())))
    return refused('header_field_not_allowed');
  const algorithm = profile.algorithms.find((name) => name === header.alg);
  if (algorithm === undefined) return refused('algorithm_not_allowed');
  if (Object.hasOwn(header, 'kid') && !isKeyId(header.kid)) return refused('key_id_malformed');
  if (!isTokenType(header, profile)) return refused('token_type_not_allowed');
  return { kind: 'header', algorithm, keyId: isKeyId(header.kid) ? header.kid : null };
}

/** A bounded text without control characters. It is only compared. */
export function isKeyId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_KEY_ID_LENGTH && !/\p{Cc}/u.test(value);
}

function isTokenType(header: JsonObject, profile: IssuerProfile): boolean {
  if (!Object.hasOwn(header, 'typ')) return !profile.tokenTypeRequired;
  return typeof header.typ === 'string' && profile.tokenTypes.includes(normalTokenType(header.typ));
}

function refused(reason: TokenFailureReason): GrammarRefusal {
  return { kind: 'refused', reason };
}
