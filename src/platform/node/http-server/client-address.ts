/**
 * The caller's IP address on Node. Without a trusted proxy it is the address of the socket. With n trusted proxies it
 * is the n-th entry of X-Forwarded-For from the right, which the outermost trusted proxy wrote. Entries further left
 * are never used, because the caller can forge them. `Forwarded` (RFC 7239) is ignored: TRUSTED_PROXY_HOPS counts the
 * entries of X-Forwarded-For only. The result is an address without a port.
 */
import { isIP, isIPv4 } from 'node:net';
import type { Deps } from '../../../deps.ts';

/** `platformRequest` is what @hono/node-server binds: `{ incoming }`. */
export function createClientAddress(trustedProxyHops: number): Deps['clientAddress'] {
  return function clientAddress(headers, platformRequest) {
    if (trustedProxyHops === 0) return bareAddress(socketAddress(platformRequest));
    // Several fields of that name form one list (RFC 9110 §5.3); Headers joins them.
    const hops = (headers.get('X-Forwarded-For') ?? '').split(',');
    return bareAddress(hops.at(-trustedProxyHops) ?? '');
  };
}

function socketAddress(platformRequest: unknown): string {
  const { incoming } = (platformRequest ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } };
  return incoming?.socket?.remoteAddress ?? '';
}

/** Some proxies write an address and its port: `[2001:db8::1]:443`, `[2001:db8::1]`, `192.0.2.1:443`. */
const BRACKETED = /^\[([^\]]*)\](?::\d{1,5})?$/;
const IPV4_AND_PORT = /^([\d.]+):\d{1,5}$/;
/** The IPv4 address of a caller on a dual-stack socket (RFC 4291 §2.5.5.2). */
const MAPPED_IPV4 = /^::ffff:([\d.]+)$/;

/**
 * The address alone, lower-case; null when there is none. A zone (`%eth0`) is refused: it has no meaning on other
 * machines.
 */
function bareAddress(text: string): string | null {
  const trimmed = text.trim().toLowerCase();
  const address = BRACKETED.exec(trimmed)?.[1] ?? IPV4_AND_PORT.exec(trimmed)?.[1] ?? trimmed;
  const mapped = MAPPED_IPV4.exec(address)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  return isIP(address) === 0 || address.includes('%') ? null : address;
}
