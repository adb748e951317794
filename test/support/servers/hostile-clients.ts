/**
 * Clients that try to exhaust a listener: crowds of connections of each kind, kept up until they are called off. Each
 * kind has a loopback address of its own, as different machines would. A connection that the service ends is opened
 * again, up to a total, so the work of a crowd is bounded.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** How a kind of client behaves on each connection. */
interface Kind {
  readonly begin: string;
  /** Sent twice a second afterwards. */
  readonly drip: string;
  readonly reads: boolean;
}

const HOST = 'Host: proxy.example.com\r\n';
const DOCUMENT = `GET /openapi.json HTTP/1.1\r\n${HOST}\r\n`;
const POST = `POST /v2/invite_users HTTP/1.1\r\n${HOST}`;

export const HOSTILE_KINDS: Readonly<Record<string, Kind>> = {
  pipelining: { begin: DOCUMENT.repeat(1_000), drip: DOCUMENT, reads: true },
  'unread answers': { begin: DOCUMENT.repeat(1_000), drip: '', reads: false },
  'slow headers': { begin: `GET /livez HTTP/1.1\r\n${HOST}`, drip: 'X-A: b\r\n', reads: true },
  'slow body': { begin: `${POST}Content-Length: 60000\r\n\r\n${'x'.repeat(50_000)}`, drip: 'x', reads: true },
  idle: { begin: `GET /livez HTTP/1.1\r\n${HOST}\r\n`, drip: '', reads: true },
};

const DRIP_EVERY_MS = 500;
/** Connections of one kind in all. */
const MAX_OPENED = 2_000;

export interface Crowd {
  /** Connections opened so far, by kind. */
  readonly opened: Readonly<Record<string, number>>;
  callOff(): void;
}

/** `size` connections of each kind at any time. */
export function sendHostileClients(port: number, size: number): Crowd {
  const sockets = new Set<Socket>();
  const opened: Record<string, number> = {};
  let isOver = false;

  function open(name: string, kind: Kind, localAddress: string): void {
    const count = (opened[name] ?? 0) + 1;
    if (isOver || count > MAX_OPENED) return;
    opened[name] = count;
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    sockets.add(socket);
    if (kind.reads) socket.resume();
    else socket.pause();
    socket.write(kind.begin);
    const timer = setInterval(() => kind.drip !== '' && socket.writable && socket.write(kind.drip), DRIP_EVERY_MS);
    // It is expected to fail.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearInterval(timer);
      sockets.delete(socket);
      open(name, kind, localAddress);
    });
  }

  for (const [index, [name, kind]] of Object.entries(HOSTILE_KINDS).entries())
    for (let n = 0; n < size; n += 1) open(name, kind, `127.0.0.${String(index + 2)}`);
  return {
    opened,
    callOff() {
      isOver = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}
