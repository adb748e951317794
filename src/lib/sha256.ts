/**
 * SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104), as 64 lower-case hex digits. Text is hashed as UTF-8.
 * Synchronous on purpose: the hash chain is computed inside a ledger transaction, where nothing may be awaited.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

export function sha256Hex(data: string | Uint8Array): string {
  return bytesToHex(sha256(typeof data === 'string' ? new TextEncoder().encode(data) : data));
}

export function hmacSha256Hex(key: Uint8Array, text: string): string {
  return bytesToHex(hmac(sha256, key, new TextEncoder().encode(text)));
}
