import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { createFramer } from './framing.ts';

/** One kept connection of the load generator: at most one request at a time. */
export interface Connection {
  /** `onEnd` is given the status; 0 when the connection was lost before the answer was whole. */
  send(request: string, onEnd: (status: number) => void): void;
  close(): void;
}

/** Connects at its first request, and again after a loss. */
export function createConnection(port: number): Connection {
  let socket: Socket | null = null;
  let waiting: ((status: number) => void) | null = null;

  function end(status: number): void {
    const onEnd = waiting;
    waiting = null;
    onEnd?.(status);
  }

  function open(): Socket {
    const opened = connect({ port, host: '127.0.0.1', noDelay: true });
    opened.on(
      'data',
      createFramer((startLine) => end(Number(startLine.slice(9, 12)))),
    );
    // `close` follows and ends the request.
    opened.on('error', () => undefined);
    opened.on('close', () => {
      if (socket !== opened) return;
      socket = null;
      end(0);
    });
    return opened;
  }

  return {
    send(request, onEnd) {
      waiting = onEnd;
      socket ??= open();
      socket.write(request, 'latin1');
    },
    close() {
      const closing = socket;
      socket = null;
      closing?.destroy();
    },
  };
}
