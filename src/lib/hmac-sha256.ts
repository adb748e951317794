import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** HMAC-SHA-256 (RFC 2104) of UTF-8 text, as 64 lower-case hex digits. Synchronous, like sha256Hex. */
export function hmacSha256Hex(key: Uint8Array, text: string): string {
  return bytesToHex(hmac(sha256, key, new TextEncoder().encode(text)));
}
