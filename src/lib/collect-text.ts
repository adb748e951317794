import { decodeUtf8 } from './text/utf8.ts';

/**
 * Collects a body of UTF-8 text up to a limit, for the HTTP clients of both runtimes. It does not read a longer body to
 * its end: leaving the loop cancels the body, and its connection is closed. A byte order mark is removed.
 */
export type CollectedText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'failed'; readonly reason: 'too_large' | 'not_utf8' };

/** Rejects as `body` does. */
export async function collectText(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<CollectedText> {
  const bytes = new Uint8Array(maxBytes);
  let size = 0;
  for await (const chunk of body) {
    if (size + chunk.byteLength > maxBytes) return { kind: 'failed', reason: 'too_large' };
    bytes.set(chunk, size);
    size += chunk.byteLength;
  }
  const text = decodeUtf8(bytes.subarray(0, size), 'remove');
  return text === null ? { kind: 'failed', reason: 'not_utf8' } : { kind: 'text', text };
}
