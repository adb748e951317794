import { createByteCollector } from './byte-collector.ts';

/**
 * Reads a stream to its end, but at most `maxBytes`. Null as soon as there are more; the stream is then cancelled, and
 * nothing waits for that. Bytes are counted as they arrive, so a wrong Content-Length makes no difference. Rejects if
 * the stream fails.
 */
export async function collectBytes(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array | null> {
  const collector = createByteCollector(maxBytes);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return collector.bytes();
    if (!collector.add(value)) {
      void reader.cancel().catch(() => undefined);
      return null;
    }
  }
}
