import type { Handler } from 'hono';
import type { AppEnv } from '../middleware/app-env.ts';

/** Serves one document that never changes while the process lives; open to everyone, cacheable for five minutes. */
export function staticJson(document: object): Handler<AppEnv> {
  const text = JSON.stringify(document);
  return (c) => c.body(text, 200, { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=300' });
}
