import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/**
 * SHA-256 (FIPS 180-4) of UTF-8 text or bytes, as 64 lower-case hex digits.
 * Synchronous on purpose: the hash chain is computed inside a ledger transaction, where nothing may be awaited.
 */
export function sha256Hex(data: string | Uint8Array): string {
  return bytesToHex(sha256(typeof data === 'string' ? new TextEncoder().encode(data) : data));
}
