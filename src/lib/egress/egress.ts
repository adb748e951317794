import { parseIpAddress } from './ip-address.ts';
import type { NoProxy } from './no-proxy.ts';
import type { ProxyAddress } from './proxy-address.ts';

/**
 * The way out of this network for each target: directly, or through the one proxy. Only `https:` goes through the
 * proxy, by CONNECT, so that the proxy sees a host and a port and nothing else. Loopback never does: the proxy would
 * look for the target on itself. Pure.
 */
export interface Egress {
  /** Null: every route is direct. */
  readonly proxy: ProxyAddress | null;
  route(target: URL): Route;
}

export type Route =
  | { readonly kind: 'proxy'; readonly proxy: ProxyAddress }
  | { readonly kind: 'direct'; readonly because: 'no_proxy_configured' | 'plain_http' | 'loopback' }
  | { readonly kind: 'direct'; readonly because: 'listed'; readonly entry: string };

export const DIRECT_EGRESS: Egress = createEgress(null, null);

export function createEgress(proxy: ProxyAddress | null, noProxy: NoProxy | null): Egress {
  return {
    proxy,
    route({ protocol, hostname, port }) {
      if (proxy === null) return { kind: 'direct', because: 'no_proxy_configured' };
      if (protocol !== 'https:') return { kind: 'direct', because: 'plain_http' };
      const host = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
      if (isLoopback(host)) return { kind: 'direct', because: 'loopback' };
      const entry = noProxy?.entryFor({ host, port: port === '' ? 443 : Number(port) }) ?? null;
      return entry === null ? { kind: 'proxy', proxy } : { kind: 'direct', because: 'listed', entry };
    },
  };
}

/**
 * Wider than the rule for plain http (auth/issuers): here the doubtful case is the direct route, which keeps TLS.
 * RFC 6761 §6.3, RFC 4291 §2.5.3.
 */
function isLoopback(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  const address = parseIpAddress(host);
  if (address === null) return false;
  return address.family === 4 ? address.value >> 24n === 127n : address.value === 1n;
}
