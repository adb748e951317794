/**
 * Stands between clients and a PostgreSQL server and counts what travels, by the frontend/backend protocol: statements,
 * transactions and round trips. A round trip begins when a client sends something and has no answer outstanding. Without
 * TLS. `answerDelayMs` is how far away the server seems to be. From a client in another process the statements of one
 * flight arrive one by one, so their count of round trips is right only with a delay that is longer than that.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface WireCount {
  statements: number;
  /** Statements that end a transaction. */
  commits: number;
  roundTrips: number;
  /** In both directions. */
  bytes: number;
}

export interface WireCounter {
  readonly port: number;
  /** Since the last call. Connections that are opened count nothing. */
  take(): WireCount;
  close(): Promise<void>;
}

const NOTHING: WireCount = { statements: 0, commits: 0, roundTrips: 0, bytes: 0 };

export async function startWireCounter(
  target: { readonly port: number },
  { answerDelayMs = 0 }: { readonly answerDelayMs?: number } = {},
): Promise<WireCounter> {
  const sockets = new Set<Socket>();
  let counted = { ...NOTHING };

  const server = createServer((client) => {
    const upstream = connect(target.port, '127.0.0.1');
    let outstanding = 0;
    /** The sign-in is no statement; its end is the first ReadyForQuery. */
    let isSignedIn = false;

    const fromClient = createMessages(true, (type, body) => {
      if (!isSignedIn) return;
      if (type === 'E' || type === 'Q') counted.statements += 1;
      if (type === 'Q' && body.toString('latin1').startsWith('COMMIT')) counted.commits += 1;
      if (type !== 'S' && type !== 'Q') return;
      if (outstanding === 0) counted.roundTrips += 1;
      outstanding += 1;
    });
    const fromServer = createMessages(false, (type) => {
      if (type !== 'Z') return;
      if (isSignedIn) outstanding -= 1;
      isSignedIn = true;
    });

    const end = (): void => {
      for (const socket of [client, upstream]) {
        sockets.delete(socket);
        socket.destroy();
      }
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', end);
    }
    client.on('data', (bytes) => {
      counted.bytes += bytes.length;
      fromClient(bytes);
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      counted.bytes += bytes.length;
      const pass = (): void => {
        fromServer(bytes);
        client.write(bytes);
      };
      if (answerDelayMs === 0) pass();
      else setTimeout(pass, answerDelayMs);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    take() {
      const taken = counted;
      counted = { ...NOTHING };
      return taken;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Cuts a stream into messages: a type, a length that counts itself, and a body. A client's first one has no type. */
function createMessages(isClient: boolean, onMessage: (type: string, body: Buffer) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  let typeBytes = isClient ? 0 : 1;
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    while (rest.length >= typeBytes + 4) {
      const length = typeBytes + rest.readInt32BE(typeBytes);
      if (rest.length < length) return;
      onMessage(typeBytes === 0 ? '' : String.fromCharCode(rest[0] ?? 0), rest.subarray(typeBytes + 4, length));
      rest = rest.subarray(length);
      typeBytes = 1;
    }
  };
}
