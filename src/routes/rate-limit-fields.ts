import type { QuotaState } from '../ledger/port.ts';

/**
 * The fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers) for the counters that the caller
 * may see: q is the limit, w the window in seconds, r the rest, t the seconds until the window ends. Empty without
 * counters.
 */
export function rateLimitFields(quotas: readonly QuotaState[]): Record<string, string> {
  if (quotas.length === 0) return {};
  return {
    'RateLimit-Policy': quotas
      .map(({ quota, limit, windowMs }) => `"${quota}";q=${limit};w=${windowMs / 1000}`)
      .join(', '),
    RateLimit: quotas
      .map(({ quota, remaining, resetMs }) => `"${quota}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`)
      .join(', '),
  };
}
