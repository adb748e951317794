import type { Handler } from 'hono';
import type { AppEnv } from '../middleware/app-env.ts';

/**
 * Serves one document that does not change while the process runs; open to everyone, cacheable for five minutes. It
 * caches the text and never the promise: the request that created the promise may end before it resolves.
 */
export function staticJson(read: () => object | Promise<object>): Handler<AppEnv> {
  let text: string | null = null;
  return async (c) => {
    text ??= JSON.stringify(await read());
    return c.body(text, 200, { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=300' });
  };
}
