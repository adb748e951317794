/**
 * The caller's address on Node. With no trusted proxy it is the socket's; with n of them it is the n-th entry of
 * X-Forwarded-For from the right, the one the outermost trusted proxy saw. What is further left is hearsay, and so is
 * `Forwarded` (RFC 7239): one field is believed, the one the operator counted hops for. Always a bare address.
 */
import { isIP, isIPv4 } from 'node:net';
import type { Deps } from '../../../deps.ts';

/** `platformRequest` is what @hono/node-server binds: `{ incoming }`. */
export function createClientAddress(trustedProxyHops: number): Deps['clientAddress'] {
  return function clientAddress(headers, platformRequest) {
    if (trustedProxyHops === 0) return bareAddress(socketAddress(platformRequest));
    // Several fields of that name are one list (RFC 9110 §5.3), which is how Headers gives them.
    const hops = (headers.get('X-Forwarded-For') ?? '').split(',');
    return bareAddress(hops.at(-trustedProxyHops) ?? '');
  };
}

function socketAddress(platformRequest: unknown): string {
  const { incoming } = (platformRequest ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } };
  return incoming?.socket?.remoteAddress ?? '';
}

/** `[2001:db8::1]:443`, `[2001:db8::1]` and `192.0.2.1:443` are how some proxies write an address and its port. */
const BRACKETED = /^\[([^\]]*)\](?::\d{1,5})?$/;
const IPV4_AND_PORT = /^([\d.]+):\d{1,5}$/;
/** How a socket that takes both families shows an IPv4 caller (RFC 4291 §2.5.5.2). */
const MAPPED_IPV4 = /^::ffff:([\d.]+)$/;

/** The address alone, lower-case; null when there is none. A zone (`%eth0`) means nothing to other machines. */
function bareAddress(text: string): string | null {
  const trimmed = text.trim().toLowerCase();
  const address = BRACKETED.exec(trimmed)?.[1] ?? IPV4_AND_PORT.exec(trimmed)?.[1] ?? trimmed;
  const mapped = MAPPED_IPV4.exec(address)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  return isIP(address) === 0 || address.includes('%') ? null : address;
}
