/**
 * Joins chunks of bytes, up to a limit. A single chunk is kept as it came; from the second one on, chunks are copied into
 * one buffer that grows and are not kept: a sender that writes one byte a chunk would otherwise cost some hundred bytes
 * of memory for each. Invariant: it holds at most twice the bytes that arrived, and no more than `maxBytes`, beside the
 * memory of one chunk.
 */
export interface ByteCollector {
  /** False when there would be more than the limit; the chunk is not added then. An added chunk must not change afterwards. */
  add(chunk: Uint8Array): boolean;
  /** All bytes. They may be a part of a larger buffer. */
  bytes(): Uint8Array;
}

export function createByteCollector(maxBytes: number): ByteCollector {
  /** The only chunk so far. */
  let only: Uint8Array | null = null;
  let buffer = new Uint8Array();
  let length = 0;

  function copy(chunk: Uint8Array): void {
    const end = length + chunk.byteLength;
    if (end > buffer.byteLength) {
      const grown = new Uint8Array(Math.max(end, Math.min(2 * buffer.byteLength, maxBytes)));
      grown.set(buffer.subarray(0, length));
      buffer = grown;
    }
    buffer.set(chunk, length);
    length = end;
  }

  return {
    add(chunk) {
      if ((only?.byteLength ?? length) + chunk.byteLength > maxBytes) return false;
      if (only === null && length === 0) only = chunk;
      else {
        if (only !== null) copy(only);
        only = null;
        copy(chunk);
      }
      return true;
    },
    bytes: () => only ?? buffer.subarray(0, length),
  };
}
