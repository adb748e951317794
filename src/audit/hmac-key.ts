import { fromHex } from '../lib/hex.ts';
import { pastedFault } from '../lib/text/pasted-secret.ts';
import { MIN_HMAC_KEY_BYTES } from './record-address.ts';

/**
 * Reads the HMAC key for addresses (AUDIT_EMAILS=hmac). 64 or more hex digits are decoded to bytes. Any other text is
 * the key itself and must have at least 32 visible characters. Surrounding white space is removed, so a line end does
 * not change the key. Each message is the second half of a sentence that begins with the name of the setting. No
 * message quotes the key.
 */
export type HmacKeyRead =
  | { readonly kind: 'read'; readonly key: Uint8Array }
  | { readonly kind: 'unfit'; readonly problem: string };

/** A passphrase may be base64 of anything else. */
const HEX_KEY = /^[0-9a-f]{64,}\r?\n?$/i;

const HOW_TO_MAKE = 'make one with: openssl rand -hex 32';

export function readHmacKey(text: string): HmacKeyRead {
  const trimmed = text.trim();
  const problem = problemOf(trimmed);
  if (problem !== null) return { kind: 'unfit', problem };
  return { kind: 'read', key: isHex(trimmed) ? fromHex(trimmed) : new TextEncoder().encode(trimmed) };
}

function problemOf(text: string): string | null {
  if (text === '') return `is empty; ${HOW_TO_MAKE}`;
  const pasted = pastedFault(text, { base64Of: HEX_KEY });
  if (pasted !== null) return pasted;
  if (!/^[\x21-\x7e]+$/.test(text)) return `must be one word of visible ASCII characters; ${HOW_TO_MAKE}`;
  // Too few hex digits are a key that was cut off, or one with half the strength that its length suggests.
  if (isHex(text) && (text.length < MIN_HMAC_KEY_BYTES * 2 || text.length % 2 === 1)) {
    return `must be an even number of hex digits, ${MIN_HMAC_KEY_BYTES * 2} at least; ${HOW_TO_MAKE}`;
  }
  return text.length < MIN_HMAC_KEY_BYTES
    ? `must be at least ${MIN_HMAC_KEY_BYTES} characters long; ${HOW_TO_MAKE}`
    : null;
}

function isHex(text: string): boolean {
  return /^[0-9a-f]+$/i.test(text);
}
