import type { BurstLimit } from '../../../ports/burst-limit.ts';

/**
 * The burst limit on Workers: a rate-limit binding, counted by Cloudflare per location, without a round trip. It shields
 * what a token costs to check; what people may send is the policy's quotas and nothing else. Without the binding, or when
 * it fails, everybody passes. An IPv6 network is counted as one, because whoever has it has 2^64 addresses.
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

const GROUPS = 8;
const GROUPS_OF_NETWORK = 4;

/** IPv4 as it is, IPv6 by its /64, the least that a provider hands out (RFC 6177 §2). */
function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [before = [], after = []] = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = Array.from({ length: Math.max(GROUPS - before.length - after.length, 0) }, () => '0');
  const network = [...before, ...zeros, ...after].slice(0, GROUPS_OF_NETWORK);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
