/**
 * Answers connections whose bytes are not an HTTP request, or whose request does not arrive in time. The answer is a
 * 400 or 408 with the same problem+json as every other refusal; then the connection is closed. Invariant: such an
 * answer is written only when the connection has no running request. When malformed bytes follow a complete request,
 * that request gets its own answer first, and then the connection is closed.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ProblemCode } from '../../../contract/problem.ts';
import { problem } from '../../../contract/problem.ts';
import type { Ids } from '../../../ports/ids.ts';
import type { RefusalReason } from './connection-refusals.ts';

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

type Cause = 'malformed' | 'headers_too_large' | 'timeout' | 'internal';

const CAUSES: Record<Cause, { readonly code: ProblemCode; readonly detail?: string }> = {
  malformed: { code: 'malformed_request' },
  headers_too_large: { code: 'malformed_request', detail: 'The header fields are too large; send at most 16 KiB.' },
  timeout: { code: 'request_timeout' },
  internal: { code: 'internal_error' },
};

/** Error codes of Node and its parser. Every other error is `malformed`. */
const CAUSE_OF: ReadonlyMap<string, Cause> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', 'timeout'],
  ['HPE_HEADER_OVERFLOW', 'headers_too_large'],
]);

export interface UnreadableDeps {
  readonly ids: Ids;
  readonly refused: (reason: RefusalReason) => void;
}

export function endUnreadable(server: Server, { ids, refused }: UnreadableDeps): void {
  const exchanges = new WeakMap<Duplex, Set<Exchange>>();
  const ended = new WeakSet<Duplex>();

  server.on('request', (incoming, outgoing) => {
    const exchange = { incoming, outgoing };
    const onSocket = exchanges.get(incoming.socket) ?? new Set();
    exchanges.set(incoming.socket, onSocket.add(exchange));
    outgoing.once('close', () => onSocket.delete(exchange));
  });

  // Without these listeners Node would answer with a bare status, or not at all.
  const refuse = (incoming: IncomingMessage): void => {
    refused('malformed');
    incoming.socket.end(unreadable('malformed', ids.uuid7()).toText());
  };
  server.on('checkExpectation', refuse);
  server.on('connect', refuse);

  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Node may emit several errors for one connection.
    if (ended.has(socket)) return;
    ended.add(socket);
    // The caller is gone, so no answer can reach it.
    if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
    const cause = CAUSE_OF.get(error.code ?? '') ?? 'malformed';
    refused(cause === 'timeout' ? 'timeout' : 'malformed');
    const running = [...(exchanges.get(socket) ?? [])];
    const owed = running.findLast(({ incoming }) => incoming.complete);
    if (owed !== undefined) return endAfter(owed, socket);
    if (running.some(({ outgoing }) => outgoing.headersSent)) return void socket.destroy();
    socket.end(unreadable(cause, ids.uuid7()).toText(), () => socket.destroy());
  });
}

function endAfter({ outgoing }: Exchange, socket: Duplex): void {
  socket.pause();
  outgoing.shouldKeepAlive = false;
  outgoing.once('close', () => socket.end(() => socket.destroy()));
}

/** The refusal as the app would write it, for requests that never reach the app. */
export function unreadable(cause: Cause, requestId: string): { toText(): string; toResponse(): Response } {
  const { code, ...extras } = CAUSES[cause];
  const refusal = problem(code, requestId, extras);
  const body = JSON.stringify(refusal);
  const headers = {
    'Content-Type': 'application/problem+json',
    'Content-Length': String(new TextEncoder().encode(body).byteLength),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': requestId,
    Connection: 'close',
  };
  return {
    toText() {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      return `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}\r\n${lines.join('')}\r\n${body}`;
    },
    toResponse: () => new Response(body, { status: refusal.status, headers }),
  };
}
