/**
 * CORS (Fetch standard) for an exact list of origins, compared byte for byte. No wildcard, no credentials:
 * callers carry a token in a header, so no ambient authority is ever at stake.
 */
import type { MiddlewareHandler } from 'hono';
import { cors as honoCors } from 'hono/cors';
import type { AppEnv } from './app-env.ts';

/** Fields of ours that a browser would otherwise hide from scripts. */
const EXPOSED = [
  'Content-Location',
  'Idempotency-Replayed',
  'Policy-Digest',
  'Preference-Applied',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'WWW-Authenticate',
  'X-Request-Id',
];

export function cors(origins: readonly string[]): MiddlewareHandler<AppEnv> {
  const allowed = new Set(origins);
  const handle = honoCors({
    origin: (origin) => (allowed.has(origin) ? origin : null),
    allowMethods: ['GET', 'POST'],
    allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'Prefer'],
    exposeHeaders: EXPOSED,
    maxAge: 600,
  });
  return async function cors(c, next) {
    // An OPTIONS request is a preflight only with the field that makes it one; all else goes on to the routes.
    const preflight = c.req.method === 'OPTIONS' && c.req.header('Access-Control-Request-Method') !== undefined;
    const answer = c.req.method === 'OPTIONS' && !preflight ? await next() : await handle(c, next);
    const headers = answer === undefined ? c.res.headers : answer.headers;
    headers.set('Vary', 'Origin, Prefer');
    return answer;
  };
}
