import type { BurstLimit } from '../../ports/burst-limit.ts';

/**
 * The burst limit on Workers: a rate-limit binding, counted by Cloudflare per location, without a round trip. It shields
 * what a token costs to check; what people may send is the policy's quotas and nothing else. Without the binding, or when
 * it fails, everybody passes.
 */
export function createBurstLimit(binding: Pick<RateLimit, 'limit'> | undefined): BurstLimit {
  return {
    async allows(address) {
      if (binding === undefined || address === null) return true;
      try {
        return (await binding.limit({ key: address })).success;
      } catch {
        return true;
      }
    },
  };
}
