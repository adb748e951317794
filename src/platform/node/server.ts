/**
 * The two listeners: the public one and the one for operators. Short timeouts, because Node's own let a slow
 * client live for minutes; no side effect happens before a request is complete (see body-limit).
 */
import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { once } from 'node:events';
import { getRequestListener } from '@hono/node-server';

export interface Listener {
  readonly port: number;
  /** Takes no new connection, ends idle ones, resolves when the last answer is out. */
  close(): Promise<void>;
}

export type FetchHandler = (request: Request, platformRequest: object) => Response | Promise<Response>;

const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const CHECK_INTERVAL_MS = 1_000;
const KEEP_ALIVE_MS = 30_000;
const MAX_HEADER_BYTES = 16 * 1024;

/** Resolves when it listens. Rejects when it cannot (the address is taken, say). */
export async function listen(fetch: FetchHandler, host: string, port: number): Promise<Listener> {
  const listener = getRequestListener(fetch, { overrideGlobalObjects: false });
  let closing = false;
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    (incoming, outgoing) => {
      // Node closes the connections that are idle when it closes; those that become so afterwards are ours to close.
      outgoing.once('close', () => {
        if (closing) setImmediate(() => server.closeIdleConnections());
      });
      void listener(incoming, outgoing);
    },
  );
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      closing = true;
      const closed = once(server as Server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
    },
  };
}
