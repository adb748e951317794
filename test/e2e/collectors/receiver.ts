/**
 * The HTTP side of a collector that can be down and come back on the same address. While it is down, each connection
 * is cut at once, so that a test sees that the sender tried.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createListener } from 'node:net';
import type { Server, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { freePort } from '../../support/servers/free-port.ts';

export type Handle = (request: IncomingMessage, response: ServerResponse, body: string) => void;

export interface Receiver {
  readonly port: number;
  up(): Promise<void>;
  /** Resolves when the address has been tried that many times since. */
  down(): Promise<{ tried(times: number): Promise<void> }>;
}

/** Down at first. */
export async function createReceiver(handle: Handle): Promise<Receiver> {
  const port = await freePort();
  const listener = createListener().listen(port, '127.0.0.1');
  await once(listener, 'listening');
  let current: { readonly server: Server; readonly sockets: Set<Socket> } = { server: listener, sockets: new Set() };

  const replace = async (server: Server): Promise<void> => {
    const before = current;
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    const closed = once(before.server, 'close');
    before.server.close();
    for (const socket of before.sockets) socket.destroy();
    await closed;
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    current = { server, sockets };
  };
  onTestFinished(() => {
    current.server.close();
    for (const socket of current.sockets) socket.destroy();
  });
  return {
    port,
    async up() {
      await replace(
        createServer((request, response) => {
          const chunks: Buffer[] = [];
          request.on('data', (chunk: Buffer) => chunks.push(chunk));
          request.on('end', () => handle(request, response, Buffer.concat(chunks).toString()));
        }),
      );
    },
    async down() {
      const cutting = createListener((socket) => socket.on('error', () => undefined).destroy());
      await replace(cutting);
      return {
        async tried(times) {
          for (let n = 0; n < times; n += 1) await once(cutting, 'connection');
        },
      };
    },
  };
}
