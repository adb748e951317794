/**
 * Answers connections whose bytes are not an HTTP request, or whose request does not arrive in time. The answer is the
 * same problem+json as every other refusal, with the true cause (refusal-causes); then the connection is closed.
 * Invariant: such an answer is written only when the connection has no complete request running. When malformed bytes
 * follow a complete request, that request gets its own answer, and then the connection is closed without another one.
 */
import type { Server } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ProblemCode } from '../../../../contract/problem.ts';
import type { Exchanges } from './one-at-a-time.ts';
import type { RefusalCause, RefusalReason } from './refusal-causes.ts';
import { REFUSAL_CAUSES, refusalReason } from './refusal-causes.ts';

/** The answer to a request that the app does not get (routes/operations/refusals). */
export type Refuse = (refusal: {
  readonly code: ProblemCode;
  readonly detail?: string | undefined;
  readonly origin?: string | undefined;
}) => Promise<Response>;

export interface UnreadableDeps {
  readonly exchanges: Exchanges;
  readonly refuse: Refuse;
  readonly refused: (reason: RefusalReason) => void;
}

interface ParserError extends NodeJS.ErrnoException {
  /** What the parser got last. */
  readonly rawPacket?: Buffer;
}

export function endUnreadable(server: Server, { exchanges, refuse, refused }: UnreadableDeps): void {
  const ended = new WeakSet<Duplex>();

  // Without this listener Node would end the connection without an answer.
  server.on('connect', (incoming, socket) => {
    refused('tunnel');
    void answerAndClose(socket, 'tunnel', incoming.headers.origin);
  });

  server.on('clientError', (error: ParserError, socket) => {
    // Node may emit several errors for one connection.
    if (ended.has(socket)) return;
    ended.add(socket);
    // The caller is gone, so no answer can reach it.
    if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
    const running = exchanges.running(socket);
    const reason = refusalReason(error.code, running === null ? exchanges.requestLine(socket) : '');
    refused(reason);
    if (exchanges.isBehind(socket)) return void socket.end(() => socket.destroy());
    if (running?.incoming.complete === true) return void socket.destroy();
    void answerAndClose(socket, reason, running?.incoming.headers.origin ?? originIn(error));
  });

  /** Writes the answer, unless the app has begun one for the same request meanwhile. */
  async function answerAndClose(socket: Duplex, reason: RefusalReason, origin: string | undefined): Promise<void> {
    const { code, detail }: RefusalCause = REFUSAL_CAUSES[reason];
    try {
      const text = await toText(await refuse({ code: code ?? 'malformed_request', detail, origin }));
      if (exchanges.running(socket)?.outgoing.headersSent === true) socket.destroy();
      else socket.end(text, () => socket.destroy());
    } catch {
      socket.destroy();
    }
  }
}

const ORIGIN_LINE = /\r\nOrigin:[ \t]*([!-~]+)[ \t]*(?=\r\n)/gi;

/** The Origin of a header section that is too large, so that a page can read the answer. */
function originIn({ code, rawPacket }: ParserError): string | undefined {
  if (code !== 'HPE_HEADER_OVERFLOW' || rawPacket === undefined) return undefined;
  const [line, ...others] = rawPacket.toString('latin1').matchAll(ORIGIN_LINE);
  return others.length === 0 ? line?.[1] : undefined;
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
