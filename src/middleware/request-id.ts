/**
 * Gives every request its id: a UUIDv7 that this service creates, never one from the caller. It is the audit id, and
 * every answer has it as X-Request-Id.
 */
import type { MiddlewareHandler } from 'hono';
import type { Ids } from '../ports/ids.ts';
import type { AppEnv } from './app-env.ts';

export function requestId(ids: Ids): MiddlewareHandler<AppEnv> {
  return async function requestId(c, next) {
    const id = ids.uuid7();
    c.set('requestId', id);
    c.header('X-Request-Id', id);
    await next();
  };
}
