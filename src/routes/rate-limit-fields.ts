import type { QuotaState } from '../ledger/port.ts';

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers) for the counters a caller may see:
 * q limit, w window in seconds, r what is left, t seconds until the window ends. Empty where nothing applies.
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
