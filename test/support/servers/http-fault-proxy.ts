import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { freePort } from './free-port.ts';

/**
 * A TCP proxy in front of an HTTP server, for tests of failing connections. It reads just enough HTTP to know where a
 * request and an answer end, so that a fault strikes at the same byte on every machine. Nothing in it depends on time,
 * except for a bandwidth that a test asks for.
 */
export interface HttpFaultProxy {
  readonly port: number;
  /** How many faults have struck. */
  readonly struck: number;
  /** Strikes the next exchange, and no other. */
  order(fault: HttpFault): void;
  /** Strikes every exchange until `heal`. */
  orderAll(fault: HttpFault): void;
  /** All connections are over, and new ones are refused until `heal`. */
  refuse(): Promise<void>;
  /** Resolves when something is held. */
  held(): Promise<void>;
  /** Lets go what is held. */
  release(): void;
  heal(): Promise<void>;
  /** Ends each connection in good order, behind the answer that is on its way. Resolves when the other sides have, too. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface HttpFault {
  readonly at: Moment;
  readonly effect: Effect;
}

/**
 * `request`: the request has left the client, and none of it arrives. `mid_request`: the first half of it arrives. `sent`:
 * all of it, and nothing of the answer comes back. `mid_answer`: the first half of the answer does. `answered`: all of it.
 */
export type Moment = 'request' | 'mid_request' | 'sent' | 'mid_answer' | 'answered';

export type Effect =
  /** Both sides get a reset. */
  | { readonly kind: 'reset' }
  /** Both sides get the end of the stream, and the connection is over. */
  | { readonly kind: 'close' }
  /** The client gets the end of the stream, and its side stays open. */
  | { readonly kind: 'half_close' }
  /** Nothing comes any more, and the connection stays. */
  | { readonly kind: 'silence' }
  /** Latency: what follows waits for `release`. */
  | { readonly kind: 'hold' }
  /** What follows comes in pieces of so many bytes, each in a packet of its own; `everyMs`: a bandwidth. */
  | { readonly kind: 'slice'; readonly bytes: number; readonly everyMs?: number };

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Resolves when no answer is on its way: it is back, a fault has struck it, or a side is gone. */
  idle(): Promise<void>;
}

export async function startHttpFaultProxy(target: { readonly port: number }): Promise<HttpFaultProxy> {
  const pairs = new Set<Pair>();
  let next: HttpFault | null = null;
  let everyTime: HttpFault | null = null;
  let struck = 0;
  let holding = Promise.withResolvers<void>();
  let released = Promise.withResolvers<void>();

  function accept(client: Socket): void {
    const server = connect(target.port, '127.0.0.1');
    /** Since the first byte of a request. */
    let underWay: PromiseWithResolvers<void> | null = null;
    const endExchange = (): void => {
      underWay?.resolve();
      underWay = null;
    };
    const pair: Pair = { client, server, idle: async () => await underWay?.promise };
    pairs.add(pair);
    let request = Buffer.alloc(0);
    let answer = Buffer.alloc(0);
    /** Of the exchange under way. */
    let fault: HttpFault | null = null;
    let isDeaf = false;
    /** What is under way to either side: the end of a stream comes behind it. */
    let striking: Promise<void> = Promise.resolve();
    for (const socket of [client, server]) socket.setNoDelay(true);
    client.on('error', () => undefined);
    client.on('end', () => void striking.then(() => (isDeaf ? undefined : server.end())));
    client.on('close', () => {
      endExchange();
      server.destroy();
      pairs.delete(pair);
    });
    server.on('error', () => (isDeaf ? undefined : client.destroy()));
    // Also when the server has closed its connection behind an answer that is still on its way.
    server.on('close', () => {
      endExchange();
      void striking.then(() => (isDeaf ? undefined : client.end()));
    });

    async function strike({ effect }: HttpFault, to: Socket, rest: Buffer): Promise<void> {
      struck += 1;
      if (effect.kind === 'hold') {
        holding.resolve();
        await released.promise;
        to.write(rest);
        return;
      }
      if (effect.kind === 'slice') return await writeSliced(to, rest, effect);
      isDeaf = true;
      endExchange();
      if (effect.kind === 'half_close') client.end();
      if (effect.kind === 'close') for (const socket of [client, server]) socket.end(() => socket.destroy());
      if (effect.kind === 'reset') for (const socket of [client, server]) socket.resetAndDestroy();
    }

    client.on('data', (bytes: Buffer) => {
      // What comes behind the end could not be answered.
      if (isDeaf || client.writableEnded) return;
      underWay ??= Promise.withResolvers();
      request = Buffer.concat([request, bytes]);
      if (!isWhole(request)) return;
      const whole = request;
      request = Buffer.alloc(0);
      fault = next ?? everyTime;
      next = null;
      if (fault?.at === 'request') {
        striking = strike(fault, server, whole);
        return;
      }
      if (fault?.at === 'mid_request') {
        const half = Math.floor(whole.length / 2);
        server.write(whole.subarray(0, half));
        striking = strike(fault, server, whole.subarray(half));
        return;
      }
      server.write(whole);
    });
    server.on('data', (bytes: Buffer) => {
      if (isDeaf) return;
      if (fault === null) client.write(bytes);
      answer = Buffer.concat([answer, bytes]);
      if (!isWhole(answer)) return;
      const whole = answer;
      const struckBy = fault;
      answer = Buffer.alloc(0);
      if (struckBy === null) return endExchange();
      fault = null;
      const cut = { sent: 0, mid_answer: Math.floor(whole.length / 2), answered: whole.length };
      const passes = struckBy.at in cut ? cut[struckBy.at as keyof typeof cut] : null;
      if (passes === null) {
        client.write(whole);
        return endExchange();
      }
      // A fault behind what was passed on, and not beside it.
      const written = new Promise<void>((resolve) => {
        if (passes === 0) resolve();
        else client.write(whole.subarray(0, passes), () => resolve());
      });
      striking = written.then(() => strike(struckBy, client, whole.subarray(passes)));
    });
  }

  // It is refused for a while, and then it is listened on again.
  const port = await freePort();
  let server: Server = await listen(port, accept);
  const drain = async (): Promise<void> => {
    const over = [...pairs].map(async ({ client, idle }) => {
      await idle();
      if (client.destroyed) return;
      // Whatever ends it: `once` of node:events would reject on an error.
      const closed = new Promise<void>((resolve) => void client.once('close', () => resolve()));
      client.end();
      await closed;
    });
    await Promise.all(over);
  };
  const stopListening = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    await Promise.all([once(server, 'close'), drain()]);
  };
  return {
    port,
    get struck() {
      return struck;
    },
    order(fault) {
      next = fault;
    },
    orderAll(fault) {
      everyTime = fault;
    },
    refuse: stopListening,
    held: () => holding.promise,
    release() {
      released.resolve();
      released = Promise.withResolvers();
      holding = Promise.withResolvers();
    },
    async heal() {
      next = null;
      everyTime = null;
      for (const { client } of pairs) client.destroy();
      if (!server.listening) server = await listen(port, accept);
    },
    drain,
    async close() {
      for (const { client } of pairs) client.destroy();
      await stopListening();
    },
  };
}

async function listen(port: number, accept: (client: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, accept);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function writeSliced(
  to: Socket,
  bytes: Buffer,
  { bytes: size, everyMs }: Effect & { readonly kind: 'slice' },
): Promise<void> {
  for (let at = 0; at < bytes.length; at += size) {
    to.write(bytes.subarray(at, at + size));
    await new Promise<void>((resolve) => {
      if (everyMs === undefined) setImmediate(resolve);
      else setTimeout(resolve, everyMs);
    });
  }
}

/** Whether these bytes hold one whole message: a request or an answer with a length, in chunks, or without a body. */
function isWhole(bytes: Buffer): boolean {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const head = bytes.subarray(0, end).toString('latin1');
  if (/^transfer-encoding:\s*chunked\s*$/im.test(head)) return bytes.subarray(-7).includes('\r\n0\r\n\r\n');
  const length = /^content-length:\s*(\d+)\s*$/im.exec(head)?.[1];
  return bytes.length >= end + 4 + Number(length ?? 0);
}
