/**
 * The settings of the way out: an egress proxy and the targets that need none. They are standard variables that a
 * platform sets for every program, in capitals or in small letters, so NO_PROXY is read only beside HTTPS_PROXY.
 * HTTP_PROXY and ALL_PROXY are not read: nothing leaves this machine over plain http.
 */
import * as z from 'zod';
import { createEgress } from '../../lib/egress/egress.ts';
import type { Egress } from '../../lib/egress/egress.ts';
import type { NoProxy } from '../../lib/egress/no-proxy.ts';
import { readNoProxy } from '../../lib/egress/no-proxy.ts';
import type { ProxyAddress } from '../../lib/egress/proxy-address.ts';
import { readProxyAddress, shownProxyAddress } from '../../lib/egress/proxy-address.ts';
import type { SettingRow } from '../setting-row.ts';

const proxyAddress = z.string().transform((text, context): ProxyAddress => {
  const read = readProxyAddress(text);
  if (read.kind === 'read') return read.proxy;
  context.addIssue({ code: 'custom', message: read.problem });
  return z.NEVER;
});

const noProxy = z.string().transform((text, context): NoProxy => {
  const read = readNoProxy(text);
  if (read.kind === 'read') return read.noProxy;
  context.addIssue({ code: 'custom', message: read.problem });
  return z.NEVER;
});

export const EGRESS_SETTINGS = {
  HTTPS_PROXY: {
    parse: proxyAddress,
    lowerCase: true,
    holdsCredentials: true,
    shown: shownProxyAddress,
    about:
      'HTTP proxy that issuers, Galileo and collectors are reached through, by CONNECT: `http://host:port`, or `https://…` when the proxy itself speaks TLS; without a port 80 or 443. Credentials go before the host (`user:password@`, percent-encoded) and are a secret. Only `https:` targets, and never loopback. `https_proxy` is the same setting.',
    example: 'http://proxy.acme.com:3128',
  },
  NO_PROXY: {
    parse: noProxy,
    lowerCase: true,
    needs: 'HTTPS_PROXY',
    about:
      'Targets that are reached directly, separated by commas: domains with their sub-domains (`acme.com`, `.acme.com`), addresses, networks (`10.0.0.0/8`), each with a port or without, or `*`. Read only beside `HTTPS_PROXY`. `no_proxy` is the same setting.',
    example: '.acme.com,10.0.0.0/8',
  },
} as const satisfies Record<string, SettingRow>;

/** Variables that usually hold the credentials of HTTPS_PROXY, too, and that this service does not read. */
export const OTHER_PROXY_VARIABLES: readonly string[] = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'];

/** A setting that was refused counts as unset here, for tools that continue. */
export function egressOf(settings: {
  readonly HTTPS_PROXY?: ProxyAddress | null;
  readonly NO_PROXY?: NoProxy | null;
}): Egress {
  return createEgress(settings.HTTPS_PROXY ?? null, settings.NO_PROXY ?? null);
}
