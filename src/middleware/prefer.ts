/**
 * Reads the one preference the service knows (RFC 7240 §4.4): `Prefer: handling=lenient`. Any other preference is
 * ignored, as the RFC wants; of several values for `handling` the first counts (§2).
 */
import type { MiddlewareHandler } from 'hono';
import type { Handling } from '../policy/decision.ts';
import type { AppEnv } from './app-env.ts';

export function prefer(): MiddlewareHandler<AppEnv> {
  return async function prefer(c, next) {
    c.set('handling', parseHandling(c.req.header('Prefer')));
    await next();
  };
}

/** Names and values are tokens in any case; a value may be quoted; parameters after a semicolon change nothing here. */
export function parseHandling(field: string | undefined): Handling {
  for (const preference of (field ?? '').split(',')) {
    const [, value] = /^\s*handling\s*=\s*"?([a-z]+)"?\s*(?:;|$)/i.exec(preference) ?? [];
    if (value !== undefined) return value.toLowerCase() === 'lenient' ? 'lenient' : 'strict';
  }
  return 'strict';
}
