/**
 * An HTTP listener on Node; the service has a public one and one for operators. It limits how slow a client may be:
 * Node's default timeouts let a slow client stay for minutes, these end it within ten seconds, whether it sends or
 * reads slowly. It is not part of the app: it passes complete requests to a fetch handler. No side effect happens
 * before a request is complete (see middleware/limits/body-limit.ts), so a request that is ended while it arrives has
 * done nothing.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { once } from 'node:events';
import { getRequestListener, RequestError } from '@hono/node-server';
import { MAX_HEADER_BYTES } from '../../../lib/http/header-limit.ts';
import type { AnswerCounter } from './answers-in-flight.ts';
import { limitConnections } from './connections/connection-limit.ts';
import type { ConnectionLimits } from './connections/connection-limit.ts';
import { createConnectionRefusals } from './connections/connection-refusals.ts';
import type { RefusalDeps } from './connections/connection-refusals.ts';
import { serveOneAtATime } from './connections/one-at-a-time.ts';
import type { RefusalCause, RefusalReason } from './connections/refusal-causes.ts';
import { REFUSAL_CAUSES } from './connections/refusal-causes.ts';
import { requestFault } from './request-fault.ts';
import { endSlowReaders } from './connections/slow-readers.ts';
import type { Refuse } from './connections/unreadable-requests.ts';
import { endUnreadable } from './connections/unreadable-requests.ts';

export interface Listener {
  readonly port: number;
  /** Continues to serve, and ends each connection after its next answer (`Connection: close`). */
  drain(): void;
  /** Accepts no new connection, closes idle ones, and resolves after the last answer. */
  close(): Promise<void>;
}

export type FetchHandler = (request: Request, platformRequest: object) => Response | Promise<Response>;

export interface ListenerLimits extends ConnectionLimits {
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
}

export const LISTENER_LIMITS: ListenerLimits = {
  headersMs: 5_000,
  requestMs: 8_000,
  keepAliveMs: 6_000,
  answerMs: 5_000,
  checkEveryMs: 500,
  maxHeaderBytes: MAX_HEADER_BYTES,
  // Bounds memory too: a connection holds at most 32 KiB of header section, a body of 64 KiB and 80 KiB that wait behind.
  maxConnections: 1_000,
  // Many people may share an address, and the pool of one client often has 256 connections, so it is not less; one
  // address takes less than a third of the places.
  maxConnectionsPerAddress: 300,
};

export interface ListenOptions extends Omit<RefusalDeps, 'listener'> {
  /** For log lines and metrics. */
  readonly name: 'public' | 'ops';
  readonly host: string;
  /** 0 chooses any free port. */
  readonly port: number;
  readonly refuse: Refuse;
  /** Counts the answers of this listener. */
  readonly answersInFlight?: AnswerCounter;
  readonly limits?: Partial<ListenerLimits>;
}

/** Resolves when it listens. Rejects when it cannot, for example because the address is in use. */
export async function listen(fetch: FetchHandler, options: ListenOptions): Promise<Listener> {
  const { name, host, port, refuse } = options;
  const limits = { ...LISTENER_LIMITS, ...options.limits };
  // The adapter replaces the global Request and Response of the process by lighter ones: a third of the cost of an answer.
  const answer = getRequestListener(options.answersInFlight?.count(fetch) ?? fetch, {
    // Any Host that the URL parser does not take as it is.
    errorHandler: (error) => refuse({ code: error instanceof RequestError ? 'malformed_request' : 'internal_error' }),
    // For health probes without a Host field.
    hostname: 'localhost',
  });
  let draining = false;
  let closing = false;
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.checkEveryMs,
      keepAliveTimeout: limits.keepAliveMs,
      maxHeaderSize: limits.maxHeaderBytes,
      // What waits behind a request: a socket stops reading when it has this much, and a packet has at most 64 KiB.
      highWaterMark: 16 * 1024,
      // `requestFault` checks it instead, so that the refusal is problem+json like all others.
      requireHostHeader: false,
    },
    (incoming, outgoing) => {
      if (draining) outgoing.shouldKeepAlive = false;
      // server.close() ends the connections that are idle then; those that become idle later are closed here.
      outgoing.once('close', () => {
        if (closing) setImmediate(() => server.closeIdleConnections());
      });
      const fault = requestFault(incoming);
      if (fault === null) {
        // An empty port is the default one (RFC 3986 §3.2.3). The adapter does not know that form.
        incoming.headers.host = incoming.headers.host?.replace(/:$/, '');
        return void answer(incoming, outgoing);
      }
      refusals.count(fault);
      void answerFault({ incoming, outgoing, reason: fault, refuse });
    },
  );
  // Without this listener Node would answer in its own words. `requestFault` judges the expectation.
  server.on('checkExpectation', (incoming, outgoing) => server.emit('request', incoming, outgoing));
  const refusals = createConnectionRefusals({ ...options, listener: name });
  limitConnections(server, limits, refusals.count);
  const exchanges = serveOneAtATime(server);
  endUnreadable(server, { exchanges, refuse, refused: refusals.count });
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

interface Faulty {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly reason: RefusalReason;
  readonly refuse: Refuse;
}

async function answerFault({ incoming, outgoing, reason, refuse }: Faulty): Promise<void> {
  const { code, detail }: RefusalCause = REFUSAL_CAUSES[reason];
  // Where the next request would begin is not clear.
  if (reason === 'framing') outgoing.shouldKeepAlive = false;
  try {
    const response = await refuse({ code: code ?? 'malformed_request', detail, origin: incoming.headers.origin });
    const body = await response.text();
    outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(body);
  } catch {
    incoming.socket.destroy();
  }
}
