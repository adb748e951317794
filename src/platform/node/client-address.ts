/**
 * The caller's address on Node. With no trusted proxy it is the socket's; with n of them it is the n-th entry of
 * X-Forwarded-For from the right, the one the outermost trusted proxy saw. What is further left is hearsay.
 */
import { isIP } from 'node:net';
import type { Deps } from '../../deps.ts';

/** `platformRequest` is what @hono/node-server binds: `{ incoming }`. */
export function createClientAddress(trustedProxyHops: number): Deps['clientAddress'] {
  return function clientAddress(headers, platformRequest) {
    if (trustedProxyHops === 0) return socketAddress(platformRequest);
    const hops = (headers.get('X-Forwarded-For') ?? '').split(',').map((hop) => hop.trim());
    const address = hops.at(-trustedProxyHops) ?? '';
    return isIP(address) === 0 ? null : address;
  };
}

function socketAddress(platformRequest: unknown): string | null {
  const { incoming } = (platformRequest ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } };
  return incoming?.socket?.remoteAddress ?? null;
}
