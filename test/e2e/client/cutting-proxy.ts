/**
 * A TCP proxy before the service, at one address while the service behind it ends and starts again at others. It can
 * withhold the answer to an invitation, which is what a caller sees of a service that is killed in between.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

const INVITE = 'POST /v2/invite_users HTTP';

export interface CuttingProxy {
  readonly url: string;
  /** From now on connections go to this port of loopback. */
  forwardTo(port: number): void;
  /** Withholds the next answer to an invitation, and cuts its connection. Resolves when it has. */
  withholdAnswer(): Promise<void>;
}

export async function startCuttingProxy(): Promise<CuttingProxy> {
  let target = 0;
  let withhold: (() => void) | null = null;
  const open = new Set<Socket>();
  const server = createServer((caller) => {
    const service = connect(target, '127.0.0.1');
    let isInvite = false;
    const cut = (): void => {
      caller.destroy();
      service.destroy();
    };
    for (const socket of [caller, service]) {
      open.add(socket);
      socket.on('error', cut).on('close', () => {
        open.delete(socket);
        cut();
      });
    }
    caller.on('data', (chunk) => {
      // A request begins a chunk: a browser sends none before the answer to the one before.
      if (/^[A-Z]+ \//.test(chunk.toString('latin1', 0, 16))) isInvite = chunk.toString('latin1').startsWith(INVITE);
      service.write(chunk);
    });
    service.on('data', (chunk) => {
      if (isInvite && withhold !== null) {
        cut();
        withhold();
        withhold = null;
      } else caller.write(chunk);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    for (const socket of open) socket.destroy();
    await once(server, 'close');
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forwardTo(port) {
      target = port;
    },
    withholdAnswer: () =>
      new Promise((resolve) => {
        withhold = resolve;
      }),
  };
}
