import { request } from 'node:http';
import type { Socket } from 'node:net';

import { SERVICE_NAME, SERVICE_VERSION } from '../../../config/service.ts';
import type { ProxyAddress } from '../../../lib/egress/proxy-address.ts';
import { thrownCode } from '../../../lib/thrown.ts';
import { TunnelError } from './connect-failure.ts';

/**
 * One CONNECT (RFC 9110 §9.3.6) over an open connection to the egress proxy. It is the only request that the proxy reads,
 * and the only one that carries the proxy's credentials. Node's own client parses the answer; a status of 2xx opens the
 * tunnel. Bytes of the tunnel that come with the answer are no TLS server's, because that one never speaks first.
 */
export interface TunnelRequest {
  /** `host:port` of the target. */
  readonly authority: string;
  readonly proxy: Pick<ProxyAddress, 'authorization'>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Resolves with the tunnel. Rejects with a TunnelError, the connection closed. */
export function openTunnel(socket: Socket, { authority, proxy, timeoutMs, signal }: TunnelRequest): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const { authorization } = proxy;
  const fail = (reason: TunnelError['reason']): void => {
    clearTimeout(timer);
    // Node reports what ends a connection on it, too.
    socket.on('error', () => undefined).destroy();
    reject(new TunnelError(reason));
  };
  const timer = setTimeout(() => fail('proxy_timeout'), timeoutMs);
  const connect = request({
    createConnection: () => socket,
    method: 'CONNECT',
    path: authority,
    headers: {
      host: authority,
      // Some proxies refuse a CONNECT without it.
      'user-agent': `${SERVICE_NAME}/${SERVICE_VERSION}`,
      ...(authorization === null ? {} : { 'proxy-authorization': authorization.reveal() }),
    },
    signal,
  });
  // Node would ask for the connection to be closed, and some proxies then close the tunnel.
  connect.removeHeader('connection');
  connect.once('connect', ({ statusCode = 0 }, tunnel: Socket, early: Buffer) => {
    if (statusCode < 200 || statusCode > 299) return fail(failureOf(statusCode));
    if (early.byteLength > 0) return fail('proxy_protocol_error');
    clearTimeout(timer);
    resolve(tunnel);
  });
  // A parser's codes begin with HPE_. The others are ends of the connection.
  connect.once('error', (error) =>
    fail(thrownCode(error)?.startsWith('HPE_') === true ? 'proxy_protocol_error' : 'proxy_connection_lost'),
  );
  connect.end();
  return promise;
}

function failureOf(status: number): TunnelError['reason'] {
  if (status === 407) return 'proxy_credentials_rejected';
  return status >= 500 ? 'proxy_target_unreachable' : 'proxy_refused';
}
