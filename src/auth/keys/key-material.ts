import { base64url } from 'jose';
import type { JWK } from 'jose';

/**
 * Reads the public part of a JWK in one canonical form (RFC 7518 §6, RFC 8037 §2), so that equal keys have equal texts
 * (compare RFC 7638). Some issuers send the other base64 alphabet, padding, line breaks, a sign byte before a modulus
 * or coordinates without their leading zeros. Each has one possible value, which is read. Everything else is refused,
 * and so is an RSA key that is too weak or too large. Certificates and hints in the JWK are ignored.
 */
export type MaterialFault = 'certificate_only' | 'key_malformed' | 'weak_rsa';

export type PublicMaterial = JWK & { readonly kty: 'RSA' | 'EC' | 'OKP' };

/** Far above the base64 of an 8192-bit modulus. Keeps the conversion cheap. */
const MAX_MEMBER_LENGTH = 4096;
const RSA_MODULUS_BITS = { min: 2048, max: 8192 };
/** FIPS 186-5 §A.1.1: odd, above 2^16. The upper bound is what crypto libraries accept for long moduli. */
const RSA_EXPONENT = { min: 2n ** 16n, max: 2n ** 64n };
const COORDINATE_BYTES: Readonly<Record<string, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 };
const ED25519_BYTES = 32;

type Members = Readonly<Record<string, unknown>>;

/** Expects a `kty` and `crv` of a supported algorithm. */
export function readMaterial(kty: PublicMaterial['kty'], jwk: Members): PublicMaterial | MaterialFault {
  if (isAbsent(jwk.n) && isAbsent(jwk.x) && (!isEmpty(jwk.x5c) || !isEmpty(jwk.x5u))) return 'certificate_only';
  if (kty === 'RSA') return readRsa(jwk);
  return kty === 'EC' ? readEc(jwk) : readOkp(jwk);
}

/** Serialisers write members without a value as null. */
export function isAbsent(member: unknown): boolean {
  return member === undefined || member === null;
}

/** Some .NET and Java serialisers write them as an empty text or an empty list. Not for members with a secret. */
export function isEmpty(member: unknown): boolean {
  return isAbsent(member) || member === '' || (Array.isArray(member) && member.length === 0);
}

function readRsa(jwk: Members): PublicMaterial | MaterialFault {
  const modulus = unsigned(jwk.n);
  const exponent = unsigned(jwk.e);
  if (modulus === null || exponent === null) return 'key_malformed';
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  if (bits < RSA_MODULUS_BITS.min || bits > RSA_MODULUS_BITS.max || !isOdd(modulus)) return 'weak_rsa';
  const power = exponent.length > 8 ? RSA_EXPONENT.max : exponent.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  if (!isOdd(exponent) || power <= RSA_EXPONENT.min || power >= RSA_EXPONENT.max) return 'weak_rsa';
  return { kty: 'RSA', n: base64url.encode(modulus), e: base64url.encode(exponent) };
}

/** Whether the point is on its curve shows when it is imported. */
function readEc(jwk: Members): PublicMaterial | MaterialFault {
  const crv = String(jwk.crv);
  const size = COORDINATE_BYTES[crv] ?? 0;
  const x = coordinate(jwk.x, size);
  const y = coordinate(jwk.y, size);
  return x === null || y === null ? 'key_malformed' : { kty: 'EC', crv, x, y };
}

/** An Ed25519 key is 32 bytes and no number: no byte may be added or left out. */
function readOkp(jwk: Members): PublicMaterial | MaterialFault {
  const x = bytesOf(jwk.x);
  if (x?.length !== ED25519_BYTES) return 'key_malformed';
  return { kty: 'OKP', crv: String(jwk.crv), x: base64url.encode(x) };
}

function coordinate(value: unknown, size: number): string | null {
  const bytes = unsigned(value);
  if (bytes === null || bytes.length > size) return null;
  const padded = new Uint8Array(size);
  padded.set(bytes, size - bytes.length);
  return base64url.encode(padded);
}

/** The bytes of a number, without leading zeros. */
function unsigned(value: unknown): Uint8Array | null {
  const bytes = bytesOf(value);
  const start = bytes?.findIndex((byte) => byte !== 0) ?? -1;
  return bytes === null || start < 0 ? null : bytes.subarray(start);
}

/** The bytes that base64 stands for, in either alphabet, with or without padding and line breaks. */
function bytesOf(value: unknown): Uint8Array | null {
  if (typeof value !== 'string' || value.length > MAX_MEMBER_LENGTH) return null;
  const [, digits] = /^([A-Za-z0-9+/_-]+)={0,2}$/.exec(value.replaceAll(/[\t\n\r ]/g, '')) ?? [];
  if (digits === undefined || digits.length % 4 === 1) return null;
  return base64url.decode(digits.replaceAll('+', '-').replaceAll('/', '_'));
}

function isOdd(bytes: Uint8Array): boolean {
  return (bytes.at(-1) ?? 0) % 2 === 1;
}
