/**
 * Answers connections whose bytes are not an HTTP request, or whose request does not arrive in time. The answer is a
 * 400 or 408 with the same problem+json as every other refusal; then the connection is closed. Invariant: such an
 * answer is written only when the connection has no complete request running. When malformed bytes follow a complete
 * request, that request gets its own answer, and then the connection is closed without another one.
 */
import type { Server } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ProblemCode } from '../../../contract/problem.ts';
import type { RefusalReason } from './connection-refusals.ts';
import type { Exchanges } from './one-at-a-time.ts';

/** The answer to a request that the app does not get (routes/operations/refusals). */
export type Refuse = (refusal: {
  readonly code: ProblemCode;
  readonly detail?: string | undefined;
  readonly origin?: string | undefined;
}) => Promise<Response>;

interface Cause {
  readonly code: ProblemCode;
  readonly detail?: string;
}

const MALFORMED: Cause = { code: 'malformed_request' };

/** Error codes of Node and its parser. Every other error is `MALFORMED`. */
const CAUSE_OF: ReadonlyMap<string, Cause> = new Map<string, Cause>([
  ['ERR_HTTP_REQUEST_TIMEOUT', { code: 'request_timeout' }],
  [
    'HPE_HEADER_OVERFLOW',
    { code: 'malformed_request', detail: 'The header fields are too large; send at most 16 KiB.' },
  ],
]);

export interface UnreadableDeps {
  readonly exchanges: Exchanges;
  readonly refuse: Refuse;
  readonly refused: (reason: RefusalReason) => void;
}

export function endUnreadable(server: Server, { exchanges, refuse, refused }: UnreadableDeps): void {
  const ended = new WeakSet<Duplex>();

  // Without this listener Node would end the connection without an answer.
  server.on('connect', (incoming, socket) => {
    refused('malformed');
    void answerAndClose(socket, { ...MALFORMED, origin: incoming.headers.origin });
  });

  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Node may emit several errors for one connection.
    if (ended.has(socket)) return;
    ended.add(socket);
    // The caller is gone, so no answer can reach it.
    if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
    const cause = CAUSE_OF.get(error.code ?? '') ?? MALFORMED;
    refused(cause.code === 'request_timeout' ? 'timeout' : 'malformed');
    if (exchanges.isBehind(socket)) return void socket.end(() => socket.destroy());
    const running = exchanges.running(socket);
    if (running?.incoming.complete === true) return void socket.destroy();
    void answerAndClose(socket, { ...cause, origin: running?.incoming.headers.origin });
  });

  /** Writes the answer, unless the app has begun one for the same request meanwhile. */
  async function answerAndClose(socket: Duplex, refusal: Parameters<Refuse>[0]): Promise<void> {
    try {
      const text = await toText(await refuse(refusal));
      if (exchanges.running(socket)?.outgoing.headersSent === true) socket.destroy();
      else socket.end(text, () => socket.destroy());
    } catch {
      socket.destroy();
    }
  }
}

/** The answer as Node would write it. Node writes none where it has no request. */
async function toText(response: Response): Promise<string> {
  const body = await response.text();
  const length = String(new TextEncoder().encode(body).byteLength);
  const fields = [...response.headers, ['Content-Length', length], ['Date', new Date().toUTCString()]];
  const lines = fields.map(([name = '', value = '']) => `${capitalized(name)}: ${value}\r\n`);
  return `HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ''}\r\n${lines.join('')}\r\n${body}`;
}

function capitalized(name: string): string {
  return name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase());
}
