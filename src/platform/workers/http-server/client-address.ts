import type { Deps } from '../../../deps.ts';

/**
 * The caller's address on Workers: the value of CF-Connecting-IP. Cloudflare sets this field and overwrites a value
 * that the caller sent. No other field is trusted. Null where the platform sets none, as in a local run.
 */
export function createClientAddress(): Deps['clientAddress'] {
  return function clientAddress(headers) {
    const address = headers.get('CF-Connecting-IP')?.trim().toLowerCase() ?? '';
    return IPV4.test(address) || isIPv6(address) ? address : null;
  };
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** The URL parser implements the grammar of RFC 4291. */
function isIPv6(address: string): boolean {
  return address.includes(':') && /^[0-9a-f:.]+$/.test(address) && URL.canParse(`http://[${address}]/`);
}
