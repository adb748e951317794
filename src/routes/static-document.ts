import type { Handler } from 'hono';
import { sha256Hex } from '../lib/sha256.ts';
import { respond } from '../middleware/answers/respond.ts';
import { CONTENT_SECURITY_POLICY } from '../middleware/answers/security-headers.ts';
import type { AppEnv } from '../middleware/app-env.ts';

/**
 * Serves one document that does not change while the process runs; open to everyone. Every answer refers to the same
 * bytes, so unread answers take no memory; a Response made from bytes or text would copy them. It keeps the document
 * and never its promise: the request that created the promise may end before it resolves.
 */
export interface StaticDocument {
  readonly contentType: string;
  readonly cacheControl: string;
  /** Left out: the policy of an API, which allows a browser nothing (middleware/answers/security-headers). */
  readonly contentSecurityPolicy?: string;
  readonly read: () => Promise<Uint8Array>;
}

export function staticDocument({
  contentType,
  cacheControl,
  contentSecurityPolicy,
  read,
}: StaticDocument): Handler<AppEnv> {
  let document: { readonly bytes: Uint8Array; readonly etag: string } | null = null;
  return async (c) => {
    document ??= describe(await read());
    const { bytes, etag } = document;
    const fields = {
      'Cache-Control': cacheControl,
      ...(contentSecurityPolicy === undefined ? {} : { [CONTENT_SECURITY_POLICY]: contentSecurityPolicy }),
      ETag: etag,
    };
    if (isAmong(c.req.header('If-None-Match'), etag)) return respond(c, null, 304, fields);
    return respond(c, streamOf(bytes), 200, { ...fields, 'Content-Type': contentType });
  };
}

/** A document for programs, cacheable for five minutes. */
export function staticJson(read: () => object | Promise<object>): Handler<AppEnv> {
  return staticDocument({
    contentType: 'application/json',
    cacheControl: 'public, max-age=300',
    read: async () => new TextEncoder().encode(JSON.stringify(await read())),
  });
}

function describe(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly etag: string } {
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
