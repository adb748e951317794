/**
 * The stand-in for Galileo in a bench: it answers every request at once with 200 and `[]`, so that all that is measured
 * is the side in front of it. dev/galileo.ts is the one that behaves like Galileo.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createFramer } from './framing.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]';

export interface StubUpstream {
  readonly url: string;
  readonly port: number;
  close(): void;
}

export async function startStubUpstream(): Promise<StubUpstream> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on(
      'data',
      createFramer(() => void socket.write(ANSWER, 'latin1')),
    );
    // A side that is stopped may reset its connections.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  }).listen(0, '127.0.0.1', 4_096);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
