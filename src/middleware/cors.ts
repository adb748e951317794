/**
 * CORS (Fetch standard) for an exact list of origins, compared byte for byte. No wildcard, no credentials:
 * callers carry a token in a header, so no ambient authority is ever at stake. The one exception, Cloudflare Access and
 * its cookie, is settled in auth/credentials.
 */
import type { Context, MiddlewareHandler, Next } from 'hono';
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

/** What an answer depends on beyond method and path. */
const VARY = 'Origin, Prefer';

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
    // An OPTIONS request is a preflight only with the field that makes it one; all else is answered by the routes.
    const preflight = c.req.header('Access-Control-Request-Method') !== undefined;
    const answer = c.req.method === 'OPTIONS' && !preflight ? await withOrigin(c, next) : await handle(c, next);
    if (answer !== undefined) c.res = answer;
    c.res.headers.set('Vary', VARY);
  };

  async function withOrigin(c: Context<AppEnv>, next: Next): Promise<void> {
    await next();
    const origin = c.req.header('Origin') ?? '';
    if (allowed.has(origin)) c.res.headers.set('Access-Control-Allow-Origin', origin);
  }
}
