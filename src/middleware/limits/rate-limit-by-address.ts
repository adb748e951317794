/**
 * Refuses a network address that sends requests faster than the deployment allows, before its token is verified. The
 * answer is 503 `overloaded`, not 429, because no quota is used up and nothing was counted against the caller.
 * Not used where the platform does not count requests per address (Node, where limit-concurrency bounds the work).
 */
import type { Deps } from '../../deps.ts';
import { LIVEZ_PATHS } from '../../lib/http/health-paths.ts';
import type { BurstLimit } from '../../ports/burst-limit.ts';
import type { Step } from '../in-order.ts';
import { respondProblem } from '../answers/problem-response.ts';

/** The shortest period of the platform's counters. */
const RETRY_AFTER_S = 10;

export function rateLimitByAddress(burst: BurstLimit, metrics: Deps['metrics']): Step {
  return async function rateLimitByAddress(c) {
    // `/readyz` writes to the ledger, so only `/livez` is exempt.
    if (LIVEZ_PATHS.includes(c.req.path)) return undefined;
    if (await burst.allows(c.get('source').address)) return undefined;
    metrics.count('requests_shed', { bulkhead: 'all', reason: 'burst' });
    return respondProblem(c, 'overloaded', { retryAfterS: RETRY_AFTER_S });
  };
}
