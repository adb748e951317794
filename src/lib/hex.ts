import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

/** Lower-case hex digits. */
export function toHex(bytes: Uint8Array): string {
  return bytesToHex(bytes);
}

/** Throws unless the text is an even number of hex digits. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hexToBytes(text));
}
