/**
 * How an address stands in the trail (AUDIT_EMAILS): as it was given, or as an HMAC under a key that only those who may
 * look people up hold. Applied before a record is chained, so the trail never held more. Pure and the same for ever:
 * one address has one form under one key, or a search by address would miss some.
 */
import { hmacSha256Hex } from '../lib/hmac-sha256.ts';

export type RecordAddress = (email: string) => string;

export type AddressMode = { readonly kind: 'plain' } | { readonly kind: 'hmac'; readonly key: Uint8Array };

/** RFC 2104 §3: a key shorter than the hash's output weakens it. */
export const MIN_HMAC_KEY_BYTES = 32;

const HMAC_FORM = /^hmac-sha256:[0-9a-f]{64}$/;

/** Throws a RangeError for a key that is too short. */
export function createRecordAddress(mode: AddressMode): RecordAddress {
  if (mode.kind === 'plain') return (email) => email;
  const { key } = mode;
  if (key.length < MIN_HMAC_KEY_BYTES) {
    throw new RangeError(`the key for addresses must have at least ${MIN_HMAC_KEY_BYTES} bytes`);
  }
  // Comparisons ignore case, and two HMACs cannot be compared that way afterwards.
  return (email) => `hmac-sha256:${hmacSha256Hex(key, email.toLowerCase())}`;
}

/** Whether this is an address in its HMAC form. No address is: they hold no colon. */
export function isHmacForm(text: string): boolean {
  return HMAC_FORM.test(text);
}
