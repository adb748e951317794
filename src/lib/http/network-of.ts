/**
 * What limits by address count as one address: an IPv4 address unchanged, an IPv6 address as its /64. That is the
 * smallest network a provider assigns (RFC 6177 §2), so its owner has 2^64 addresses.
 */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [before = [], after = []] = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = Array.from({ length: Math.max(GROUPS - before.length - after.length, 0) }, () => '0');
  const network = [...before, ...zeros, ...after].slice(0, GROUPS_OF_NETWORK);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

const GROUPS = 8;
const GROUPS_OF_NETWORK = 4;
