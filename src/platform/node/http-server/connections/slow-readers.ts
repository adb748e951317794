/**
 * Ends connections whose client does not read its answer. Node has a timeout for requests but none for answers, so a
 * client that stops reading would hold its connection, and the answer in memory, forever. At each check it compares how
 * many bytes have left this process with how many should have left by then. A slow line that keeps a minimum rate is
 * not ended; a client that reads a few bytes now and then is.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { createInFlight } from '../../../../lib/in-flight.ts';

export interface SlowReaderDeps {
  /** How long waiting bytes may wait, plus one second for each 128 KiB of them. */
  readonly answerMs: number;
  readonly checkEveryMs: number;
  /** Called for each connection that is ended. */
  readonly refused: () => void;
}

/** The byte counts of a socket since it was opened. */
export interface Sent {
  /** Bytes handed to the socket. */
  readonly written: number;
  /** Those of them that are still in this process. */
  readonly waiting: number;
}

/** `bytes` must have left this process by `byMs`. */
export interface Expectation {
  readonly bytes: number;
  readonly byMs: number;
}

const BYTES_PER_MS = (128 * 1024) / 1000;

/** The next expectation of a client. Null: it owes nothing. 'too_slow': it missed the last one and is to be ended. */
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
  const readers = createInFlight<{ readonly socket: Socket; expected: Expectation | null }>();

  server.on('connection', (socket: Socket) => {
    socket.once('close', readers.add({ socket, expected: null }));
  });
  const timer = setInterval(() => {
    for (const reader of readers) {
      const { socket, expected } = reader;
      const sent = { written: socket.bytesWritten, waiting: socket.writableLength };
      const next = expectOf(sent, expected, performance.now(), answerMs);
      if (next === 'too_slow') {
        refused();
        socket.destroy();
      } else reader.expected = next;
    }
  }, checkEveryMs);
  timer.unref();
  server.once('close', () => clearInterval(timer));
}
