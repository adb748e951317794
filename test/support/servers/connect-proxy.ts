/**
 * An egress proxy on loopback: answers CONNECT and carries what follows. It resolves no names: the test says which local
 * port a target is. So a target has a name that is not loopback, and nothing leaves this machine.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { onTestFinished } from 'vitest';

export interface ConnectProxy {
  /** As HTTPS_PROXY names it. */
  readonly url: string;
  readonly port: number;
  /** Every CONNECT so far. */
  readonly asked: readonly AskedTunnel[];
  /** Requests of other methods so far, which a client that tunnels never sends. */
  readonly others: readonly string[];
  /** Resolves when a CONNECT has come, also one that came before this call. */
  readonly connected: Promise<void>;
  /** Tunnels that are open now. */
  openTunnels(): number;
  close(): Promise<void>;
}

export interface AskedTunnel {
  readonly authority: string;
  readonly headers: IncomingHttpHeaders;
}

export interface OpenedTunnel extends AskedTunnel {
  readonly socket: Socket;
  /** Writes this head and then carries bytes between the client and the target's port. */
  carry(head?: string): void;
}

export type ProxyAnswer = (tunnel: OpenedTunnel) => void;

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** How a proxy may answer CONNECT. */
export const proxyAnswers = {
  carries: ({ carry }: OpenedTunnel) => carry(),
  /** Some proxies answer with another version, status text and fields than others. */
  carriesAfter:
    (head: string): ProxyAnswer =>
    ({ carry }) =>
      carry(head),
  /** `basic` is the base64 of `user:password`. */
  wants:
    (basic: string): ProxyAnswer =>
    ({ headers, socket, carry }) => {
      if (headers['proxy-authorization'] === `Basic ${basic}`) return carry();
      socket.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="out"\r\nContent-Length: 2\r\n\r\nno',
      );
    },
  answers:
    (status: number): ProxyAnswer =>
    ({ socket }) =>
      void socket.end(`HTTP/1.1 ${String(status)} No\r\nContent-Length: 9\r\n\r\n<html>no!`),
  /** Raw bytes in place of an answer. */
  writes:
    (text: string): ProxyAnswer =>
    ({ socket }) =>
      void socket.end(text),
  hangs: ({ socket }: OpenedTunnel) => void socket.resume(),
  cuts: ({ socket }: OpenedTunnel) => void socket.destroy(),
  cutsAfterConnect: ({ socket }: OpenedTunnel) => void socket.end(ESTABLISHED),
} as const;

export interface ConnectProxyOptions {
  /** The local port of each target, by `host:port`. */
  readonly targets: Readonly<Record<string, number>> | ((authority: string) => number);
  readonly answer?: ProxyAnswer;
  /** TLS between the client and the proxy itself. */
  readonly tls?: TlsOptions;
}

/** Ends with the test. */
export async function serveConnectProxy(options: ConnectProxyOptions): Promise<ConnectProxy> {
  const proxy = await startConnectProxy(options);
  onTestFinished(() => proxy.close());
  return proxy;
}

export async function startConnectProxy({
  targets,
  answer = proxyAnswers.carries,
  tls,
}: ConnectProxyOptions): Promise<ConnectProxy> {
  const asked: AskedTunnel[] = [];
  const others: string[] = [];
  const sockets = new Set<Socket>();
  const connected = Promise.withResolvers<void>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    // Connections are cut on purpose. Those of an HTTP server stay half open.
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.on('end', () => socket.end());
  };
  const server = tls === undefined ? createServer() : createTlsServer(tls);
  server.on(tls === undefined ? 'connection' : 'secureConnection', keep);
  server.on('request', ({ method = '', url = '' }: IncomingMessage, response) => {
    others.push(`${method} ${url}`);
    response.writeHead(400).end();
  });
  server.on('connect', ({ url: authority = '', headers }: IncomingMessage, socket: Socket) => {
    asked.push({ authority, headers });
    connected.resolve();
    const carry = (head = ESTABLISHED): void => {
      const port = typeof targets === 'function' ? targets(authority) : targets[authority];
      if (port === undefined) return void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      const target = connect(port, '127.0.0.1');
      keep(target);
      socket.write(head);
      socket.pipe(target).pipe(socket);
      socket.on('close', () => target.destroy());
      target.on('close', () => socket.destroy());
    };
    answer({ authority, headers, socket, carry });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${String(port)}`,
    port,
    asked,
    others,
    connected: connected.promise,
    openTunnels: () => sockets.size,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
