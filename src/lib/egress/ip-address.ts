/**
 * IP addresses as numbers, so that a network (RFC 4632) can be compared with them. IPv4 has exactly four decimals, as
 * the URL parser writes them; an IPv4 address mapped into IPv6 (RFC 4291 §2.5.5.2) counts as the IPv4 address.
 */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface IpNetwork extends IpAddress {
  readonly prefixLength: number;
}

const BITS = { 4: 32, 6: 128 } as const;
const MAPPED_PREFIX = 0xffffn;

/** Null when the text is no address. IPv6 comes without brackets and without a zone. */
export function parseIpAddress(text: string): IpAddress | null {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** `10.0.0.0/8`, `fd00::/8`; bits after the prefix are ignored. Null when the text is no network. */
export function parseIpNetwork(text: string): IpNetwork | null {
  const [, address = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const parsed = parseIpAddress(address);
  const prefixLength = Number(length);
  return parsed === null || length === '' || prefixLength > BITS[parsed.family] ? null : { ...parsed, prefixLength };
}

export function isInNetwork(address: IpAddress, network: IpNetwork): boolean {
  const shift = BigInt(BITS[network.family] - network.prefixLength);
  return address.family === network.family && address.value >> shift === network.value >> shift;
}

function parseIpv4(text: string): IpAddress | null {
  if (!/^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text)) return null;
  const value = text.split('.').reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
  return { family: 4, value };
}

function parseIpv6(text: string): IpAddress | null {
  if (!/^[\da-f:.]+$/i.test(text)) return null;
  // The URL parser checks the grammar and writes every group in hexadecimal.
  const hostname = URL.parse(`http://[${text}]`)?.hostname;
  if (hostname === undefined) return null;
  const [before = [], after = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((part) => (part === '' ? [] : part.split(':')));
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const value = [...before, ...zeros, ...after].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
  return value >> 32n === MAPPED_PREFIX ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value };
}
