/**
 * Adds the security header fields of an API whose answers are never framed, sniffed or cached. It configures Hono's
 * secure-headers. An answer belongs to one caller, hence `no-store`. A route that serves a page brings its own
 * Content-Security-Policy and its own Cache-Control, which stay.
 */
import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { AppEnv } from './app-env.ts';

export const CONTENT_SECURITY_POLICY = 'Content-Security-Policy';

export function securityHeaders(): MiddlewareHandler<AppEnv> {
  const secure = secureHeaders({
    contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    crossOriginResourcePolicy: false, // CORS decides which origins may read an answer; see cors
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    xDownloadOptions: false,
    xDnsPrefetchControl: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
    xFrameOptions: 'DENY',
    referrerPolicy: 'no-referrer',
    strictTransportSecurity: 'max-age=31536000; includeSubDomains',
  });
  return async function securityHeaders(c, next) {
    let ofPage: string | null = null;
    await secure(c, async () => {
      await next();
      ofPage = c.res.headers.get(CONTENT_SECURITY_POLICY);
    });
    if (ofPage !== null) c.res.headers.set(CONTENT_SECURITY_POLICY, ofPage);
    if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store');
  };
}
