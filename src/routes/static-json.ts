import type { Handler } from 'hono';
import { sha256Hex } from '../lib/sha256.ts';
import type { AppEnv } from '../middleware/app-env.ts';

/**
 * Serves one document that does not change while the process runs; open to everyone, cacheable for five minutes. Every
 * answer refers to the same bytes, so unread answers take no memory; a Response made from bytes or text would copy them.
 * It keeps the document and never its promise: the request that created the promise may end before it resolves.
 */
export function staticJson(read: () => object | Promise<object>): Handler<AppEnv> {
  let document: { readonly bytes: Uint8Array; readonly etag: string } | null = null;
  return async (c) => {
    document ??= describe(JSON.stringify(await read()));
    const { bytes, etag } = document;
    c.header('ETag', etag);
    c.header('Cache-Control', 'public, max-age=300');
    if (isAmong(c.req.header('If-None-Match'), etag)) return c.body(null, 304);
    return c.body(streamOf(bytes), 200, { 'Content-Type': 'application/json' });
  };
}

function describe(text: string): { readonly bytes: Uint8Array; readonly etag: string } {
  const bytes = new TextEncoder().encode(text);
  return { bytes, etag: `"${sha256Hex(bytes)}"` };
}

/** The weak comparison of RFC 9110 §13.1.2. Our own tag has no comma, so a list can be split at its commas. */
function isAmong(ifNoneMatch: string | undefined, etag: string): boolean {
  const known = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return known.some((tag) => tag === etag || tag === '*');
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}
