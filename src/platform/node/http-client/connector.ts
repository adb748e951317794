import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

import type { Egress } from '../../../lib/egress/egress.ts';
import type { ProxyAddress } from '../../../lib/egress/proxy-address.ts';
import { proxyName } from '../../../lib/egress/proxy-address.ts';
import { createInFlight } from '../../../lib/in-flight.ts';
import type { NotSentReason, ProxyFailure } from '../../../ports/http.ts';
import { connectFailure, TunnelError } from './connect-failure.ts';
import { openTunnel } from './tunnel.ts';

/**
 * Opens the connections of undici's pools: directly, or through the egress proxy. Three steps lead through the proxy:
 * a connection to it, CONNECT, and TLS with the target inside the tunnel, with the target's name and certificate. A
 * failure in any of them comes before undici has a socket, so no byte of a request has left.
 */
export interface Connector {
  /** For undici's `connect` option. Without a proxy these are plain options, as undici takes them. */
  readonly connect: buildConnector.BuildOptions | buildConnector.connector;
  /** Whether the proxy now keeps a connection to this origin waiting. */
  awaitsProxy(origin: string): boolean;
  /** Ends every CONNECT that has no answer yet. */
  abandon(): void;
}

export interface ConnectorOptions {
  readonly egress: Egress;
  /** For each step. */
  readonly timeoutMs: number;
  /** PEM certificates to trust instead of the built-in ones: those of targets and of a proxy that speaks TLS. */
  readonly ca?: string;
}

export function createConnector({ egress, timeoutMs, ca }: ConnectorOptions): Connector {
  const tls = {
    timeout: timeoutMs,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca }),
  } as const;
  if (egress.proxy === null) return { connect: tls, awaitsProxy: () => false, abandon: () => undefined };

  const connectSocket = buildConnector({ ...tls, allowH2: false });
  /** The tunnels that are being opened, each with the origin it is for. */
  const opening = createInFlight<{ readonly waiting: AbortController; readonly origin: string }>();

  async function connectProxy(proxy: ProxyAddress, target: buildConnector.Options): Promise<Socket> {
    const { authority, origin } = namesOf(target);
    const waiting = new AbortController();
    const forget = opening.add({ waiting, origin });
    try {
      const socket = await new Promise<Socket>((resolve, reject) => {
        connectSocket(optionsOf(proxy), (error, opened) => (error === null ? resolve(opened) : reject(error)));
      }).catch((error: unknown) => {
        throw new TunnelError(proxyFailure(error));
      });
      return await openTunnel(socket, { authority, proxy, timeoutMs, signal: waiting.signal });
    } finally {
      forget();
    }
  }

  return {
    connect(target, callback) {
      const { origin } = namesOf(target);
      const route = egress.route(new URL(origin));
      if (route.kind === 'direct') return connectSocket(target, callback);
      // undici gets the socket in the event that says it is secure, as without a proxy.
      const enter = (httpSocket: Socket): void =>
        connectSocket({ ...target, httpSocket }, (...result) => callback(...insideTunnel(result)));
      const fail = (error: unknown): void => callback(asError(error), null);
      connectProxy(route.proxy, target).then(enter).catch(fail);
    },
    awaitsProxy: (origin) => [...opening].some((tunnel) => tunnel.origin === origin),
    abandon() {
      for (const { waiting } of opening) waiting.abort();
    },
  };
}

type Connected = Parameters<buildConnector.Callback>;

/** What is no fault of TLS is the end of the tunnel: the proxy accepted CONNECT and closed it. */
function insideTunnel(result: Connected): Connected {
  const [error] = result;
  return error !== null && connectFailure(error) === 'connect_failed'
    ? [new TunnelError('proxy_connection_lost'), null]
    : result;
}

/** The proxy's own connection, by what failed. */
const OF_PROXY = {
  name_not_resolved: 'proxy_name_not_resolved',
  connect_timeout: 'proxy_timeout',
  tls_failed: 'proxy_tls_failed',
} as const satisfies Partial<Record<NotSentReason, ProxyFailure>>;

function proxyFailure(error: unknown): ProxyFailure {
  const reason = connectFailure(error);
  return reason in OF_PROXY ? OF_PROXY[reason as keyof typeof OF_PROXY] : 'proxy_unreachable';
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new TunnelError('proxy_protocol_error');
}

/** undici leaves the default port out, and the brackets of an IPv6 address out of `hostname`. */
function namesOf({ protocol, host, hostname, port }: buildConnector.Options): {
  readonly authority: string;
  readonly origin: string;
} {
  const name = host ?? hostname;
  return { authority: port === '' ? `${name}:443` : name, origin: `${protocol}//${name}` };
}

function optionsOf({ protocol, hostname, port }: ProxyAddress): buildConnector.Options {
  return {
    protocol,
    host: proxyName({ hostname, port }),
    hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: String(port),
  };
}
