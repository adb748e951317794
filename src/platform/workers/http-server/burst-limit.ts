import { networkOf } from '../../../lib/http/network-of.ts';
import type { BurstLimit } from '../../../ports/burst-limit.ts';

/**
 * The burst limit on Workers: a rate-limit binding, which Cloudflare counts per location without a round trip. It
 * bounds the cost of token verification; how much a caller may send is decided by the policy's quotas alone. Without
 * the binding, or when the binding fails, every request passes.
 */
export function createBurstLimit(binding: Pick<RateLimit, 'limit'> | undefined): BurstLimit {
  return {
    async allows(address) {
      if (binding === undefined || address === null) return true;
      try {
        return (await binding.limit({ key: networkOf(address) })).success;
      } catch {
        return true;
      }
    },
  };
}
