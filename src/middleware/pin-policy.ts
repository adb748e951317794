/**
 * Reads the policy once per request, so that a reload between two steps cannot give one request two policies.
 * Adds its digest to every answer: `Policy-Digest: sha256:<64 hex>`.
 */
import type { MiddlewareHandler } from 'hono';
import type { Deps } from '../deps.ts';
import type { AppEnv } from './app-env.ts';

export function pinPolicy(policy: Deps['policy']): MiddlewareHandler<AppEnv> {
  return async function pinPolicy(c, next) {
    const current = policy.current();
    c.set('policy', current);
    c.header('Policy-Digest', `sha256:${current.digest}`);
    await next();
  };
}
