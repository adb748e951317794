import type { Handler } from 'hono';
import type { AppEnv } from '../middleware/app-env.ts';

/**
 * Serves one document that never changes while the process lives; open to everyone, cacheable for five minutes. Keeps its
 * text and never the promise of it: whoever asked first may be gone before it is there.
 */
export function staticJson(read: () => object | Promise<object>): Handler<AppEnv> {
  let text: string | null = null;
  return async (c) => {
    text ??= JSON.stringify(await read());
    return c.body(text, 200, { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=300' });
  };
}
