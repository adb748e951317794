import type { BurstLimit } from '../../../ports/burst-limit.ts';

/**
 * The burst limit on Workers: a rate-limit binding, which Cloudflare counts per location without a round trip. It
 * bounds the cost of token verification; how much a caller may send is decided by the policy's quotas alone. Without
 * the binding, or when the binding fails, every request passes. An IPv6 /64 counts as one address, because its owner
 * has 2^64 addresses.
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

/** An IPv4 address unchanged, an IPv6 address as its /64, the smallest network a provider assigns (RFC 6177 §2). */
function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [before = [], after = []] = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = Array.from({ length: Math.max(GROUPS - before.length - after.length, 0) }, () => '0');
  const network = [...before, ...zeros, ...after].slice(0, GROUPS_OF_NETWORK);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
