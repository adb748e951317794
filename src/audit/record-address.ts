/**
 * The form that an address has in the trail (AUDIT_EMAILS): plain as it was given, or an HMAC. Only people who may look
 * up addresses hold the HMAC key. The form is applied before a record is chained, so the trail never contains the plain
 * address in HMAC mode. Pure and stable: an address always has the same form under the same key, because a search by
 * address would otherwise miss records.
 */
import { hmacSha256Hex } from '../lib/sha256.ts';

export type RecordAddress = (email: string) => string;

export type AddressMode = { readonly kind: 'plain' } | { readonly kind: 'hmac'; readonly key: Uint8Array };

/** RFC 2104 §3: a key shorter than the output of the hash weakens the HMAC. */
export const MIN_HMAC_KEY_BYTES = 32;

const HMAC_FORM = /^hmac-sha256:[0-9a-f]{64}$/;

/** Throws a RangeError for a key that is too short. */
export function createRecordAddress(mode: AddressMode): RecordAddress {
  if (mode.kind === 'plain') return (email) => email;
  const { key } = mode;
  if (key.length < MIN_HMAC_KEY_BYTES) {
    throw new RangeError(`the key for addresses must have at least ${MIN_HMAC_KEY_BYTES} bytes`);
  }
  // Addresses are compared without case. HMACs cannot be, so the address is in lower case before it is hashed.
  return (email) => `hmac-sha256:${hmacSha256Hex(key, email.toLowerCase())}`;
}

/** Whether the text is an address in its HMAC form. A plain address never is, because it contains no colon. */
export function isHmacForm(text: string): boolean {
  return HMAC_FORM.test(text);
}
