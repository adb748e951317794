/**
 * Turns away an address that asks faster than the deployment allows, before its token is looked at: 503 `overloaded`, not
 * 429, because no quota is used up and nothing was counted against the caller.
 * Where the platform counts nothing (Node: take-turn bounds the work instead), this step is not there.
 */
import type { MiddlewareHandler } from 'hono';
import type { Deps } from '../../deps.ts';
import type { BurstLimit } from '../../ports/burst-limit.ts';
import type { AppEnv } from '../app-env.ts';
import { respondProblem } from '../problem-response.ts';

/** The shortest period that the platform counts over. */
const RETRY_AFTER_S = 10;

export function rateLimitByAddress(burst: BurstLimit | undefined, metrics: Deps['metrics']): MiddlewareHandler<AppEnv> {
  return async function rateLimitByAddress(c, next) {
    // `/readyz` writes, so it is not among those that cost nothing.
    if (burst === undefined || c.req.path === '/livez') return await next();
    if (await burst.allows(c.get('source').address)) return await next();
    metrics.count('requests_shed', { bulkhead: 'all', reason: 'burst' });
    return respondProblem(c, 'overloaded', { headers: { 'Retry-After': String(RETRY_AFTER_S) } });
  };
}
