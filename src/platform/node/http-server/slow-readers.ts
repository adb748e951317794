/**
 * Ends connections whose reader does not take its answer. Node has a deadline for requests but none for answers, so
 * a reader that stops would hold its connection, and the answer in memory, for good. What is measured is what has left
 * this process since the last look, so that a slow line that moves is let be, and trickling is not.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface SlowReaderDeps {
  /** For what waits to be taken, and a second more for each 128 KiB of it. */
  readonly answerMs: number;
  readonly checkEveryMs: number;
  /** Told of each connection that is ended. */
  readonly refused: () => void;
}

/** What a socket says of itself, in bytes since it began. */
export interface Sent {
  /** Handed over to the socket. */
  readonly written: number;
  /** Of these, still in this process. */
  readonly waiting: number;
}

/** So many bytes must have left by then. */
export interface Expectation {
  readonly bytes: number;
  readonly byMs: number;
}

const BYTES_PER_MS = (128 * 1024) / 1000;

/** What to expect of a reader from now on: null, nothing; 'too_slow', nothing any more. */
export function expectOf(
  { written, waiting }: Sent,
  expected: Expectation | null,
  nowMs: number,
  answerMs: number,
): Expectation | 'too_slow' | null {
  const isMet = expected === null || written - waiting >= expected.bytes;
  if (!isMet) return nowMs < expected.byMs ? expected : 'too_slow';
  return waiting === 0 ? null : { bytes: written, byMs: nowMs + answerMs + waiting / BYTES_PER_MS };
}

export function endSlowReaders(server: Server, { answerMs, checkEveryMs, refused }: SlowReaderDeps): void {
  const sockets = new Map<Socket, Expectation | null>();

  server.on('connection', (socket: Socket) => {
    sockets.set(socket, null);
    socket.once('close', () => sockets.delete(socket));
  });
  const timer = setInterval(() => {
    for (const [socket, expected] of sockets) {
      const sent = { written: socket.bytesWritten, waiting: socket.writableLength };
      const next = expectOf(sent, expected, performance.now(), answerMs);
      if (next === 'too_slow') {
        refused();
        socket.destroy();
      } else sockets.set(socket, next);
    }
  }, checkEveryMs);
  timer.unref();
  server.once('close', () => clearInterval(timer));
}
