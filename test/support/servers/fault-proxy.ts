import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/**
 * A TCP proxy in front of a server, for tests of failing connections. It passes bytes on until a test orders a fault. A
 * fault strikes the connection on which the ordered bytes come next, and once.
 */
export interface FaultProxy {
  readonly port: number;
  /** How many ordered faults have struck. */
  readonly struck: number;
  /** The next connection on which the client sends `on` gets the fault. `answer`: what the server's answer to it holds. */
  order(fault: Fault, on: string, answer?: string): void;
  /** New connections lead to this port. */
  retarget(port: number): void;
  /** Ends all connections at once. New ones are accepted. */
  cut(): void;
  /** Passes nothing on, in either direction, until `resume`. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

/**
 * `before`: the bytes do not reach the server, and the connection ends. `after`: they do, and the connection ends when the
 * server has given this answer, without it. Not earlier: a reset would discard what the server has not read yet. `silence`: they do, and no answer ever comes.
 * `outage_before`, `outage_after`: likewise, and all other connections end with it; new ones lead nowhere until `retarget`.
 */
export type Fault = 'before' | 'after' | 'silence' | 'outage_before' | 'outage_after';

/** Nothing listens there. */
const NOWHERE = 1;

export async function startFaultProxy(target: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
  let targetPort = target.port;
  const pairs = new Set<readonly [Socket, Socket]>();
  let ordered: { readonly fault: Fault; readonly on: Buffer; readonly answer: string } | null = null;
  let struck = 0;
  let isPaused = false;

  const loseAll = (): void => {
    targetPort = NOWHERE;
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };

  const server = createServer((client) => {
    const upstream = connect(targetPort, target.host);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    let fault: Fault | null = null;
    let answer = '';
    let answered = '';
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', end);
    }
    client.on('data', (bytes) => {
      if (ordered !== null && fault === null && bytes.includes(ordered.on)) {
        ({ fault, answer } = ordered);
        ordered = null;
        struck += 1;
        if (fault === 'outage_before') loseAll();
        if (fault === 'before' || fault === 'outage_before') return end();
      }
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (fault === 'after' || fault === 'outage_after') {
        answered += bytes.toString('latin1');
        if (answered.includes(answer)) {
          if (fault === 'outage_after') loseAll();
          return end();
        }
      }
      if (fault === null) client.write(bytes);
    });
    if (isPaused) for (const socket of pair) socket.pause();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const all = (act: (socket: Socket) => void): void => {
    for (const pair of pairs) pair.forEach(act);
  };
  return {
    port: (server.address() as AddressInfo).port,
    get struck() {
      return struck;
    },
    order(fault, on, answer = on) {
      ordered = { fault, on: Buffer.from(on), answer };
    },
    retarget(port) {
      targetPort = port;
    },
    cut: () => all((socket) => socket.destroy()),
    pause() {
      isPaused = true;
      all((socket) => socket.pause());
    },
    resume() {
      isPaused = false;
      all((socket) => socket.resume());
    },
    async close() {
      all((socket) => socket.destroy());
      server.close();
      await once(server, 'close');
    },
  };
}
