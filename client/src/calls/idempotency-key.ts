/** A new random key for one invitation. `crypto.randomUUID` is missing in a page without https; this is not. */
export function createIdempotencyKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
