import type { Deps } from '../../../deps.ts';

/**
 * The caller's address on Workers: what Cloudflare says in CF-Connecting-IP, which it writes itself over whatever the
 * caller sent. No other field is believed. Null where the platform does not say, as under a local run.
 */
export function createClientAddress(): Deps['clientAddress'] {
  return function clientAddress(headers) {
    const address = headers.get('CF-Connecting-IP')?.trim().toLowerCase() ?? '';
    return IPV4.test(address) || isIPv6(address) ? address : null;
  };
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** The URL parser knows RFC 4291 by heart. */
function isIPv6(address: string): boolean {
  return address.includes(':') && /^[0-9a-f:.]+$/.test(address) && URL.canParse(`http://[${address}]/`);
}
