import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket, type TlsOptions } from 'node:tls';

/**
 * A TCP server that writes the exact bytes of a test, for responses that no well-behaved server sends. It keeps every
 * byte that arrives. That is the only proof of "nothing was sent" that does not come from the client.
 */
export interface RawServer {
  readonly origin: string;
  readonly port: number;
  readonly connections: number;
  /** All bytes that arrived on any connection, as latin1. */
  readonly received: string;
  close(): Promise<void>;
}

export interface RawConnection {
  readonly socket: Socket;
  /** Resolves with the next complete request on this connection, head and body. */
  request(): Promise<string>;
  write(text: string): void;
  /** Ends the connection with a FIN, after all written bytes. */
  end(text?: string): void;
  /** Ends the connection with a RST. */
  reset(): void;
}

type OnConnection = (connection: RawConnection) => void | Promise<void>;

export async function serveRaw(onConnection: OnConnection, tls?: TlsOptions): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const state = { connections: 0, received: '' };
  const accept = (socket: Socket) => {
    state.connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // These tests cut connections on purpose.
    socket.on('error', () => {});
    void onConnection(
      readFrom(socket, (text) => {
        state.received += text;
      }),
    );
  };
  const server = tls === undefined ? createServer(accept) : createTlsServer(tls, accept);
  server.on('tlsClientError', () => {});
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    get connections() {
      return state.connections;
    },
    get received() {
      return state.received;
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function readFrom(socket: Socket, onText: (text: string) => void): RawConnection {
  let buffered = '';
  let waiting: (() => void) | null = null;
  socket.on('data', (chunk: Buffer) => {
    const text = chunk.toString('latin1');
    buffered += text;
    onText(text);
    waiting?.();
  });
  return {
    socket,
    async request() {
      for (;;) {
        const headEnd = buffered.indexOf('\r\n\r\n') + 4;
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(buffered)?.[1] ?? 0);
        if (headEnd > 3 && buffered.length >= headEnd + length) {
          const request = buffered.slice(0, headEnd + length);
          buffered = buffered.slice(headEnd + length);
          return request;
        }
        await new Promise<void>((more) => {
          waiting = more;
        });
      }
    },
    write: (text) => void socket.write(text, 'latin1'),
    end: (text = '') => void socket.end(text, 'latin1'),
    // Node resets no connection under TLS. There, a TCP end without the end of TLS is what cuts it.
    reset: () => void (socket instanceof TLSSocket ? socket.destroy() : socket.resetAndDestroy()),
  };
}

/**
 * A port on loopback that nothing listens on: no program gets it by chance, unlike one that was just given back.
 */
export const CLOSED_PORT = 9;
