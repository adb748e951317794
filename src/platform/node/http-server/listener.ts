/**
 * An HTTP listener on Node; the service has a public one and one for operators. It limits how slow a client may be:
 * Node's default timeouts let a slow client stay for minutes, these end it within ten seconds, whether it sends or
 * reads slowly. It is not part of the app: it passes complete requests to a fetch handler. No side effect happens
 * before a request is complete (see middleware/limits/body-limit.ts), so a request that is ended while it arrives has
 * done nothing.
 */
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { once } from 'node:events';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { Ids } from '../../../ports/ids.ts';
import { createConnectionRefusals } from './connection-refusals.ts';
import type { RefusalDeps } from './connection-refusals.ts';
import { endSlowReaders } from './slow-readers.ts';
import { endUnreadable, unreadable } from './unreadable-requests.ts';

export interface Listener {
  readonly port: number;
  /** Continues to serve, and ends each connection after its next answer (`Connection: close`). */
  drain(): void;
  /** Accepts no new connection, closes idle ones, and resolves after the last answer. */
  close(): Promise<void>;
}

export type FetchHandler = (request: Request, platformRequest: object) => Response | Promise<Response>;

export interface ListenerLimits {
  /** From the first byte (or the connection) to the end of the header section. */
  readonly headersMs: number;
  /**
   * From the first byte to the last of a request. Longer than the timeout of body-limit, whose answer explains more.
   */
  readonly requestMs: number;
  /** How long an idle connection is kept; Node itself adds a second for requests that are on their way. */
  readonly keepAliveMs: number;
  /** How long a client may take to read an answer, plus one second for each 128 KiB. */
  readonly answerMs: number;
  /** How often the timeouts above are checked; each may be late by this much. */
  readonly checkEveryMs: number;
  readonly maxHeaderBytes: number;
  /** Bounds memory too: an unfinished request holds at most its header section and 64 KiB. */
  readonly maxConnections: number;
}

/** The parser also accepts other versions, which are wrong here: 0.9 has no fields, and 2.0 is another protocol. */
const VERSIONS = new Set(['1.0', '1.1']);

/** How many Host fields a request has. Only exactly one is unambiguous (RFC 9112 §3.2). */
function hostsOf({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): number {
  return rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
}

export const LISTENER_LIMITS: ListenerLimits = {
  headersMs: 5_000,
  requestMs: 8_000,
  keepAliveMs: 6_000,
  answerMs: 5_000,
  checkEveryMs: 500,
  maxHeaderBytes: 16 * 1024,
  maxConnections: 1_000,
};

export interface ListenOptions extends Omit<RefusalDeps, 'listener'> {
  /** For log lines and metrics. */
  readonly name: 'public' | 'ops';
  readonly host: string;
  /** 0 chooses any free port. */
  readonly port: number;
  readonly ids: Ids;
  readonly limits?: Partial<ListenerLimits>;
}

/** Resolves when it listens. Rejects when it cannot, for example because the address is in use. */
export async function listen(fetch: FetchHandler, options: ListenOptions): Promise<Listener> {
  const { name, host, port, ids } = options;
  const limits = { ...LISTENER_LIMITS, ...options.limits };
  const refuse = (cause: 'malformed' | 'internal'): Response => unreadable(cause, ids.uuid7()).toResponse();
  const answer = getRequestListener(
    (request, platform) =>
      VERSIONS.has(platform.incoming.httpVersion) && hostsOf(platform.incoming) === 1
        ? fetch(request, platform)
        : refuse('malformed'),
    {
      overrideGlobalObjects: false,
      // A request whose target or host makes no URL never reaches the app.
      errorHandler: (error) => refuse(error instanceof RequestError ? 'malformed' : 'internal'),
    },
  );
  let draining = false;
  let closing = false;
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.checkEveryMs,
      keepAliveTimeout: limits.keepAliveMs,
      maxHeaderSize: limits.maxHeaderBytes,
      // `hostsOf` above checks it instead, so that the refusal is problem+json like all others.
      requireHostHeader: false,
    },
    (incoming, outgoing) => {
      if (draining) outgoing.shouldKeepAlive = false;
      // server.close() ends the connections that are idle then; those that become idle later are closed here.
      outgoing.once('close', () => {
        if (closing) setImmediate(() => server.closeIdleConnections());
      });
      void answer(incoming, outgoing);
    },
  );
  server.maxConnections = limits.maxConnections;
  const refusals = createConnectionRefusals({ ...options, listener: name });
  server.on('drop', () => refusals.count('too_many'));
  endUnreadable(server, { ids, refused: refusals.count });
  endSlowReaders(server, { ...limits, refused: () => refusals.count('slow_reader') });

  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    drain() {
      draining = true;
    },
    async close() {
      draining = true;
      closing = true;
      const closed = once(server as Server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
      refusals.report();
    },
  };
}
