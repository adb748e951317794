/**
 * Notes where a request came from, for the audit record: the client address that the platform reports, and the fields
 * User-Agent and Origin, which are unverified and are reduced to visible ASCII of bounded length. No decision depends
 * on it.
 */
import type { MiddlewareHandler } from 'hono';
import type { Deps } from '../deps.ts';
import type { AppEnv } from './app-env.ts';

const MAX_CLAIM_LENGTH = 256;

export function source(clientAddress: Deps['clientAddress']): MiddlewareHandler<AppEnv> {
  return async function source(c, next) {
    const userAgent = claim(c.req.header('User-Agent'));
    const origin = claim(c.req.header('Origin'));
    c.set('source', {
      address: clientAddress(c.req.raw.headers, c.env),
      ...(origin === null ? {} : { origin }),
      ...(userAgent === null ? {} : { user_agent: userAgent }),
    });
    await next();
  };
}

function claim(value: string | undefined): string | null {
  if (value === undefined || value === '') return null;
  return value.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, MAX_CLAIM_LENGTH);
}
