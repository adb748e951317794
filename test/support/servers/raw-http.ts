/**
 * A TCP client that writes the exact bytes of a test, for requests that no HTTP client sends, and collects the bytes
 * that come back. It does not parse HTTP, except for the status lines in `statusesOf`.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface RawConnection {
  readonly socket: Socket;
  write(bytes: string | Uint8Array): void;
  /** Resolves with all received text when the connection has closed. */
  readonly closed: Promise<string>;
  /** Resolves with the received text when it matches `pattern`. Rejects when the connection ends before. */
  until(pattern: RegExp): Promise<string>;
}

/** Connects to loopback, from this address of it. Tests expect the connection to fail, so its errors are never thrown. */
export function openRaw(port: number, localAddress = '127.0.0.1'): RawConnection {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  let text = '';
  const closed = Promise.withResolvers<string>();
  socket.on('data', (chunk) => (text += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  socket.once('close', () => closed.resolve(text));
  return {
    socket,
    write: (bytes) => void socket.write(bytes),
    closed: closed.promise,
    until(pattern) {
      const found = Promise.withResolvers<string>();
      const check = (): void => {
        if (pattern.test(text)) found.resolve(text);
      };
      socket.on('data', check);
      socket.once('close', () =>
        found.reject(new Error(`closed before ${String(pattern)} came, after: ${text.slice(0, 500)}`)),
      );
      check();
      return found.promise;
    },
  };
}

/** The status codes of all answers in `text`, in order. */
export function statusesOf(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
