/**
 * A listener: the public one, and the one for operators. Node's own limits let a slow client live for minutes; these
 * end it within ten seconds, whichever end of an exchange it is slow at. No side effect happens before a request
 * is complete (see body-limit), so whatever is ended here while it arrives has done nothing.
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
  /** Goes on serving, and asks every caller to come back on another connection. */
  drain(): void;
  /** Takes no new connection, ends idle ones, resolves when the last answer is out. */
  close(): Promise<void>;
}

export type FetchHandler = (request: Request, platformRequest: object) => Response | Promise<Response>;

export interface ListenerLimits {
  /** From the first byte (or the connection) to the end of the header section. */
  readonly headersMs: number;
  /** From the first byte to the last of a whole request. Longer than body-limit's own, whose answer says more. */
  readonly requestMs: number;
  /** How long a connection without a request is kept; Node itself adds a second for answers on their way. */
  readonly keepAliveMs: number;
  /** For an answer to be taken by its reader, and a second more for each 128 KiB of it. */
  readonly answerMs: number;
  /** How often the limits above are looked after; each may be late by this much. */
  readonly checkEveryMs: number;
  readonly maxHeaderBytes: number;
  /** Bounds memory too: an unfinished request holds at most its header section and 64 KiB. */
  readonly maxConnections: number;
}

/** The parser takes others for what they are not: 0.9 has no fields, and 2.0 is another protocol. */
const VERSIONS = new Set(['1.0', '1.1']);

/** Exactly one makes a request unambiguous (RFC 9112 §3.2). */
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
  /** 0: any free port. */
  readonly port: number;
  readonly ids: Ids;
  readonly limits?: Partial<ListenerLimits>;
}

/** Resolves when it listens. Rejects when it cannot (the address is taken, say). */
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
      // What is no URL or has no host never gets to the app.
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
      // Refused here instead, in the one shape of all refusals.
      requireHostHeader: false,
    },
    (incoming, outgoing) => {
      if (draining) outgoing.shouldKeepAlive = false;
      // Node closes the connections that are idle when it closes; those that become so afterwards are ours to close.
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
