/**
 * Limits how many requests run at once, with one bulkhead per kind of request. The rest is answered 503 `overloaded`,
 * and nothing was sent. It runs after body-limit, so a slow upload holds no permit, and after authenticate, so a
 * request without a valid token holds none. Health checks and static documents need no permit. Off on Workers, where a
 * request must not wait for another one.
 */
import type { MiddlewareHandler } from 'hono';
import type { Deps } from '../../deps.ts';
import type { AppEnv } from '../app-env.ts';
import { respondProblem } from '../answers/problem-response.ts';
import type { ConcurrencyLimits } from '../../tasks/concurrency-limit.ts';
import { createConcurrencyLimit } from '../../tasks/concurrency-limit.ts';

/**
 * `holdsAnswer`: the permit is released when the answer has left, so there are never more unread answers than permits.
 */
interface BulkheadLimits extends ConcurrencyLimits {
  readonly holdsAnswer: boolean;
}

/**
 * One bulkhead per kind of request. When Galileo is slow, only the bulkhead of invites fills up and reads continue;
 * reading or searching the trail cannot block anything else. At most as many invites run at once as the upstream client
 * has connections: one more would wait there, and its wait would count as a failure of Galileo. While Galileo answers
 * within a second, a full queue empties within `queueTimeoutMs` (docs/operations.md has the figures).
 */
export const BULKHEADS = {
  invites: { maxConcurrent: 128, maxQueued: 256, queueTimeoutMs: 2_000, holdsAnswer: false },
  reads: { maxConcurrent: 64, maxQueued: 256, queueTimeoutMs: 2_000, holdsAnswer: true },
  trail: { maxConcurrent: 16, maxQueued: 64, queueTimeoutMs: 2_000, holdsAnswer: true },
  searches: { maxConcurrent: 2, maxQueued: 16, queueTimeoutMs: 2_000, holdsAnswer: true },
} as const satisfies Record<string, BulkheadLimits>;

export type Bulkhead = keyof typeof BULKHEADS;

const RETRY_AFTER_S = 5;

type LimitConcurrencyDeps = Pick<Deps, 'schedule' | 'clock' | 'metrics' | 'responseSent' | 'canAwaitAcrossRequests'>;

/** Creates one middleware per bulkhead. Every call creates new bulkheads. */
export function limitConcurrency({
  schedule,
  clock,
  metrics,
  canAwaitAcrossRequests,
  responseSent = () => Promise.resolve(),
}: LimitConcurrencyDeps): Record<Bulkhead, MiddlewareHandler<AppEnv>> {
  return {
    invites: inBulkhead('invites'),
    reads: inBulkhead('reads'),
    trail: inBulkhead('trail'),
    searches: inBulkhead('searches'),
  };

  function inBulkhead(bulkhead: Bulkhead): MiddlewareHandler<AppEnv> {
    const limit = createConcurrencyLimit(BULKHEADS[bulkhead], schedule);
    return async function limitConcurrency(c, next) {
      if (!canAwaitAcrossRequests) return await next();
      const cameAt = clock.now();
      const permit = await limit.acquire(() => c.req.raw.signal);
      metrics.observe('queue_wait', Math.max(0, clock.now() - cameAt) / 1000, { bulkhead });
      if (permit.kind === 'refused') {
        metrics.count('requests_shed', { bulkhead, reason: permit.reason });
        return respondProblem(c, 'overloaded', { retryAfterS: RETRY_AFTER_S });
      }
      try {
        return await next();
      } finally {
        if (BULKHEADS[bulkhead].holdsAnswer) void responseSent(c.env).then(permit.release);
        else permit.release();
      }
    };
  }
}
