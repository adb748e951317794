/**
 * CORS (Fetch standard) for an exact list of origins, compared byte for byte. There is no wildcard and no credentials
 * mode: callers send a token in a header field, so no ambient authority is involved. The one exception is the cookie of
 * Cloudflare Access; auth/token/credentials handles it.
 */
import type { Context, MiddlewareHandler, Next } from 'hono';
import { cors as honoCors } from 'hono/cors';
import type { AppEnv } from './app-env.ts';

/** The response fields that a browser would otherwise hide from scripts. */
const EXPOSED = [
  'Audit-Unreadable-Records',
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

/** The request fields that an answer depends on, beyond method and path. */
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
    // An OPTIONS request is a preflight only with this field. The routes answer every other one.
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
