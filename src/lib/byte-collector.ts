/**
 * Joins chunks of bytes, up to a limit, in one buffer that grows. Each chunk is copied when it arrives and not kept: a
 * sender that writes one byte a chunk would otherwise cost some hundred bytes of memory for each. Invariant: it holds at
 * most twice the bytes that arrived, and no more than `maxBytes`.
 */
export interface ByteCollector {
  /** False when there would be more than the limit; the chunk is not added then. */
  add(chunk: Uint8Array): boolean;
  /** All bytes, in a buffer of their own size. */
  bytes(): Uint8Array<ArrayBuffer>;
}

export function createByteCollector(maxBytes: number): ByteCollector {
  let buffer = new Uint8Array();
  let length = 0;
  return {
    add(chunk) {
      const end = length + chunk.byteLength;
      if (end > maxBytes) return false;
      if (end > buffer.byteLength) {
        const grown = new Uint8Array(Math.max(end, Math.min(2 * buffer.byteLength, maxBytes)));
        grown.set(buffer.subarray(0, length));
        buffer = grown;
      }
      buffer.set(chunk, length);
      length = end;
      return true;
    },
    bytes: () => (length === buffer.byteLength ? buffer : buffer.slice(0, length)),
  };
}
