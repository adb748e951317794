/**
 * Decodes strict UTF-8 (RFC 8259 §8.1); null for any other bytes. A byte order mark is kept where different bytes must
 * give different texts, and removed where the sender may write one. Each call has a decoder of its own, because a
 * decoder keeps state.
 */
export function decodeUtf8(bytes: ArrayBuffer | Uint8Array, byteOrderMark: 'keep' | 'remove'): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: byteOrderMark === 'keep' }).decode(bytes);
  } catch {
    return null;
  }
}
