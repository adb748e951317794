/**
 * Reads the source of a request for the audit record: the address that the platform reports, and User-Agent and Origin
 * as the caller sent them, shortened and in visible ASCII. No decision depends on any of it.
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
      ...(userAgent === null ? {} : { user_agent: userAgent }),
      ...(origin === null ? {} : { origin }),
    });
    await next();
  };
}

function claim(value: string | undefined): string | null {
  if (value === undefined || value === '') return null;
  return value.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, MAX_CLAIM_LENGTH);
}
