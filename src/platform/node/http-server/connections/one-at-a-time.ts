/**
 * Serves one request at a time on each connection. Node's parser begins every request that one packet holds, and keeps
 * all their answers; a few kilobytes from a client would begin thousands. Here the parser gets the bytes of the next
 * request only when the kernel has taken the whole answer to the one before. What follows waits in the socket, which
 * reads at most one packet more, so the client is slowed down by TCP. In one turn of the event loop only one connection
 * continues with a request that has waited, so clients who send without waiting do not delay those who wait.
 *
 * Every header section ends with an empty line, so bytes that are cut after each empty line hold at most one beginning
 * of a request. Bytes of a body with a Content-Length are counted instead, because they may be followed by a request. A
 * body in chunks ends with an empty line itself. Cuts elsewhere do no harm: the parser takes bytes in any pieces.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestLine } from '../request-line.ts';
import { newRequestLine, readRequestLine } from '../request-line.ts';

export interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

type Parse = (bytes: Buffer) => void;

interface Connection {
  readonly socket: Socket;
  readonly parse: Parse;
  /** From the header section of a request until its answer has left. */
  exchange: Exchange | null;
  /** The request that the parser began last. */
  last: IncomingMessage | null;
  /** The line of the request that the parser begins now, or began last. */
  line: RequestLine;
  /** When a connection without a request is closed, on the monotonic clock. */
  idleUntilMs: number;
  /** Bytes of the body that its Content-Length promises and that the parser has not got yet. */
  bodyBytes: number;
  /** Whether bytes had arrived behind the last request before its answer had left. */
  isBehind: boolean;
  /** Whether what follows waits for `continueNext`. */
  isQueued: boolean;
  /** How many bytes of an empty line (CR LF CR LF) the parser has got last. */
  matched: number;
  isFeeding: boolean;
  /** Its bytes are no request, or no more request is read. */
  hasEnded: boolean;
  /** Ends it with this error, before the parser gets the bytes. */
  readonly fail: (code: string) => void;
}

export interface Exchanges {
  /** The request that a connection has begun and not finished; null when there is none. */
  running(socket: object): Exchange | null;
  /** The line of the request that a connection begins, as far as it has been read. */
  requestLine(socket: object): string;
  /**
   * Whether what a connection sends now began to arrive before the answer to its last request had left. A client that sent
   * one request, and bytes that are none, must not get a second answer.
   */
  isBehind(socket: object): boolean;
}

/** Call it before the server listens. */
export function serveOneAtATime(server: Server): Exchanges {
  const connections = new WeakMap<object, Connection>();

  server.on('connection', (socket: Socket) => {
    const parse = takeFromNode(socket);
    const connection: Connection = {
      ...{ socket, parse, exchange: null, last: null, line: newRequestLine(), idleUntilMs: Infinity },
      ...{ bodyBytes: 0, matched: 0, isBehind: false, isQueued: false, isFeeding: false, hasEnded: false },
      fail: (code) => server.emit('clientError', Object.assign(new Error('No request'), { code }), socket),
    };
    connections.set(socket, connection);
    const feedNext = (): void => feed(connection);
    socket.on('readable', feedNext);
    // Node resumes the socket when a body may continue.
    socket.on('resume', feedNext);
  });

  // The parser of such a connection must get no more bytes.
  const stop = (socket: object): void => {
    const connection = connections.get(socket);
    if (connection !== undefined) connection.hasEnded = true;
  };
  server.on('clientError', (_, socket) => stop(socket));
  server.on('connect', (_, socket) => stop(socket));

  server.prependListener('request', (incoming, outgoing) => {
    const connection = connections.get(incoming.socket);
    if (connection === undefined) return;
    connection.exchange = { incoming, outgoing };
    connection.last = incoming;
    connection.isBehind = false;
    connection.bodyBytes = Number(incoming.headers['content-length'] ?? 0);
    outgoing.once('close', () => {
      connection.exchange = null;
      // Node has set the timer for an idle connection by now.
      const { timeout = 0 } = connection.socket;
      connection.idleUntilMs = timeout > 0 ? performance.now() + timeout : Infinity;
      connection.isBehind = connection.socket.readableLength > 0;
      if (connection.isBehind) continueLater(connection);
    });
  });

  /** Connections with a request that came before the answer to the one before it had left. */
  const queue: Connection[] = [];

  function continueLater(connection: Connection): void {
    connection.isQueued = true;
    queue.push(connection);
    if (queue.length === 1) setImmediate(continueNext);
  }

  function continueNext(): void {
    const connection = queue.shift();
    if (connection === undefined) return;
    if (queue.length > 0) setImmediate(continueNext);
    connection.isQueued = false;
    feed(connection);
  }

  return {
    running: (socket) => connections.get(socket)?.exchange ?? null,
    requestLine: (socket) => connections.get(socket)?.line.text ?? '',
    isBehind: (socket) => connections.get(socket)?.isBehind ?? false,
  };
}

/** Node's own listener, which parses what the socket reads. Without it, the socket waits to be read. */
function takeFromNode(socket: Socket): Parse {
  const [parse, ...others] = socket.listeners('data');
  if (parse === undefined || others.length > 0) throw new Error('Node reads its connections in another way');
  socket.removeListener('data', parse as Parse);
  return parse as Parse;
}

/** Gives the parser what it may have now. */
function feed(connection: Connection): void {
  // The parser may cause events that lead here again.
  if (connection.isFeeding) return;
  connection.isFeeding = true;
  while (mayContinue(connection)) {
    const bytes = connection.socket.read() as Buffer | null;
    if (bytes === null) break;
    feedFrom(connection, bytes);
  }
  connection.isFeeding = false;
}

/** Gives the parser one piece after the other and puts back what must wait. */
function feedFrom(connection: Connection, bytes: Buffer): void {
  const { socket, parse } = connection;
  let from = 0;
  while (from < bytes.length && mayContinue(connection)) {
    const to = endOfPiece(connection, bytes, from);
    const fault = faultBetweenRequests(connection, bytes, from, to);
    if (fault !== null) return connection.fail(fault);
    // Set before the parser runs: it may begin a request, which sets it anew.
    connection.bodyBytes = Math.max(0, connection.bodyBytes - (to - from));
    parse(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to));
    from = to;
  }
  if (from < bytes.length && !socket.destroyed) socket.unshift(bytes.subarray(from));
}

/** Follows the line of a request that has not begun. Null also within a request. */
function faultBetweenRequests(connection: Connection, bytes: Buffer, from: number, to: number): string | null {
  const { last, socket } = connection;
  if (last !== null) {
    if (!last.complete) return null;
    connection.last = null;
    connection.line = newRequestLine();
  }
  const fault = readRequestLine(connection.line, bytes, from, to);
  // Each byte restarts Node's timer. Empty lines are no request, so the connection stays idle.
  if (connection.line.text === '' && connection.idleUntilMs !== Infinity)
    socket.setTimeout(Math.max(1, connection.idleUntilMs - performance.now()));
  return fault;
}

function mayContinue({ socket, exchange, isQueued, hasEnded }: Connection): boolean {
  if (hasEnded || isQueued || socket.destroyed || socket.writableEnded) return false;
  if (exchange === null) return true;
  const { incoming } = exchange;
  return !incoming.complete && incoming.readableLength < incoming.readableHighWaterMark;
}

const [CR, LF] = [13, 10];

/** Where the next piece ends: with the body, after the first empty line, or with the bytes. */
function endOfPiece(connection: Connection, bytes: Buffer, from: number): number {
  if (connection.bodyBytes > 0) {
    connection.matched = 0;
    return Math.min(bytes.length, from + connection.bodyBytes);
  }
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at];
    const isNext = byte === (connection.matched % 2 === 0 ? CR : LF);
    if (isNext) connection.matched += 1;
    else connection.matched = byte === CR ? 1 : 0;
    if (connection.matched === 4) {
      connection.matched = 0;
      return at + 1;
    }
  }
  return bytes.length;
}
