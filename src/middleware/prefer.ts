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

/** One preference of the list: commas inside a quoted string do not end it. */
const PREFERENCE = /(?:[^",]|"(?:[^"\\]|\\.)*")+/y;
const HANDLING = /^\s*handling\s*=\s*(?:"([a-z]+)"|([a-z]+))\s*(?:;|$)/i;

/** Names and values are tokens in any case; a value may be quoted; what cannot be read as a list asks for nothing. */
export function parseHandling(field: string | undefined): Handling {
  const text = field ?? '';
  for (let at = 0; at < text.length; at += 1) {
    PREFERENCE.lastIndex = at;
    const preference = PREFERENCE.exec(text)?.[0] ?? '';
    at += preference.length;
    if (at < text.length && text[at] !== ',') return 'strict';
    const [, quoted, token] = HANDLING.exec(preference) ?? [];
    const value = quoted ?? token;
    if (value !== undefined) return value.toLowerCase() === 'lenient' ? 'lenient' : 'strict';
  }
  return 'strict';
}
