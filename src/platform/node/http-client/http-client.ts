import { Pool } from 'undici';

import type { HttpPort, HttpResult } from '../../../ports/http.ts';
import { DIRECT_EGRESS } from '../../../lib/egress/egress.ts';
import type { Egress } from '../../../lib/egress/egress.ts';
import { createInFlight } from '../../../lib/in-flight.ts';
import { createConnector } from './connector.ts';
import { HttpExchangeHandler } from './http-exchange.ts';

/**
 * The client for outgoing HTTP (ports/http) on Node: one undici pool of kept-alive HTTP/1.1 connections per origin. It
 * uses undici's lowest layer, `dispatch`, which costs the least CPU. It follows no redirect, retries nothing and
 * pipelines nothing, so each connection carries one exchange at a time. TLS is always verified;
 * NODE_TLS_REJECT_UNAUTHORIZED has no effect. An egress proxy gets a CONNECT per connection, and no request.
 */
export interface HttpClientOptions {
  /** Ends a connection attempt that no exchange waits for any more; each exchange has its own, shorter `connectMs`. */
  readonly connectTimeoutMs?: number;
  readonly maxConnectionsPerOrigin?: number;
  /**
   * How long an idle connection is kept. Shorter than in common servers: a stale connection costs an unknown outcome.
   */
  readonly keepAliveMs?: number;
  /** PEM certificates to trust instead of the built-in ones. */
  readonly ca?: string;
  /** The way out for each origin; by default always direct. */
  readonly egress?: Egress;
}

const MAX_HEADER_BYTES = 16 * 1024;

export interface HttpClient extends HttpPort {
  /** Waits for running exchanges, then drops every connection. A new exchange is refused as not sent. */
  close(): Promise<void>;
  /** Drops every connection now. A started exchange ends as maybe sent, one that waits for a connection as not sent. */
  cut(): void;
}

export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const {
    connectTimeoutMs = 10_000,
    maxConnectionsPerOrigin = 128,
    keepAliveMs = 4_000,
    egress = DIRECT_EGRESS,
  } = options;
  const connector = createConnector({
    egress,
    timeoutMs: connectTimeoutMs,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  });
  const pools = new Map<string, Pool>();
  const running = createInFlight<Promise<HttpResult>>();
  let closing: Promise<void> | null = null;

  function poolFor(origin: string): Pool {
    let pool = pools.get(origin);
    if (pool === undefined) {
      pool = new Pool(origin, {
        connections: maxConnectionsPerOrigin,
        pipelining: 1,
        allowH2: false,
        keepAliveTimeout: keepAliveMs,
        keepAliveMaxTimeout: keepAliveMs,
        maxHeaderSize: MAX_HEADER_BYTES,
        // The handler has its own, exact timeouts for both; those of undici are coarse and per chunk.
        headersTimeout: 0,
        bodyTimeout: 0,
        connect: connector.connect,
      });
      pools.set(origin, pool);
    }
    return pool;
  }

  /** The exchanges mostly go to one address, so the last one is kept. */
  let lastTarget = { url: '', origin: '', path: '' };

  function targetOf(url: string): typeof lastTarget {
    if (url !== lastTarget.url) {
      const { origin, pathname, search } = new URL(url);
      lastTarget = { url, origin, path: pathname + search };
    }
    return lastTarget;
  }

  async function dropConnections(): Promise<void> {
    connector.abandon();
    await Promise.all(Array.from(pools.values(), (pool) => pool.destroy()));
  }

  return {
    async exchange(request) {
      if (closing !== null) return { kind: 'not_sent', reason: 'client_closed' };
      const { origin, path } = targetOf(request.url);
      const { method, headers, body } = request;
      const result = new Promise<HttpResult>((settle) => {
        poolFor(origin).dispatch(
          { method, path, headers, body },
          new HttpExchangeHandler(request, settle, () =>
            connector.awaitsProxy(origin) ? 'proxy_timeout' : 'connect_timeout',
          ),
        );
      });
      void result.then(running.add(result));
      return result;
    },
    close() {
      closing ??= Promise.all(running).then(dropConnections);
      return closing;
    },
    cut() {
      const dropped = dropConnections();
      closing ??= dropped;
    },
  };
}
