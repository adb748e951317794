import { brotliCompressSync, gzipSync } from 'node:zlib';

import { afterEach, describe, expect, it } from 'vitest';

import type { HttpExchange, HttpPort, HttpResult } from '../../../src/ports/http.ts';
import { CLOSED_PORT, serveRaw, type RawConnection, type RawServer } from './server.ts';

/**
 * The contract of the HTTP port, which every adapter must keep, on real sockets. An adapter that cannot prove that
 * nothing was sent (fetch) reports `maybe_sent` where another reports `not_sent`, and its reason may be less exact.
 */
export interface HttpPortTraits {
  readonly provesNotSent: boolean;
}

export const AMPLE = { connectMs: 30_000, headersMs: 30_000, bodyMs: 30_000, totalMs: 30_000 };
/** Short deadlines, for servers that never answer. The result is the same on a slow machine. */
export const SHORT_MS = 60;

export function post(url: string, overrides: Partial<HttpExchange> = {}): HttpExchange {
  return {
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', 'x-key': 'sesame-sesame-sesame' },
    body: '{"emails":["ann@acme.com"]}',
    deadlines: AMPLE,
    maxResponseBytes: 1_000,
    ...overrides,
  };
}

export function textOf(result: HttpResult): string {
  if (result.kind !== 'answered') throw new Error(`was ${JSON.stringify(result)}`);
  return new TextDecoder().decode(result.body);
}

export function describeHttpPort(
  name: string,
  createPort: () => HttpPort & { close?(): Promise<void> },
  traits: HttpPortTraits,
  serve: typeof serveRaw = serveRaw,
): void {
  const opened: { close?(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close?.();
  });
  const open = async (answer: (connection: RawConnection) => void | Promise<void>): Promise<RawServer> => {
    const server = await serve(answer);
    opened.push(server);
    return server;
  };
  const openPort = () => {
    const port = createPort();
    opened.unshift(port);
    return port;
  };
  /** Sends these bytes as the answer to the first request of each connection. */
  const answering = (text: string) =>
    open(async (connection) => {
      await connection.request();
      connection.write(text);
    });

  describe(`${name}: a complete answer`, () => {
    it('comes with its status, its fields in lower case and joined, and its body’s bytes', async () => {
      const server = await answering(
        'HTTP/1.1 422 Nope\r\nContent-Type: application/json\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 3\r\n\r\n\x00\xffz',
      );
      const result = await openPort().exchange(post(`${server.origin}/v2/invite_users`));
      expect(result).toMatchObject({
        kind: 'answered',
        status: 422,
        headers: { 'content-type': 'application/json', 'x-a': '1, 2' },
      });
      expect(result.kind === 'answered' && Array.from(result.body)).toEqual([0, 255, 122]);
    });

    it('follows the request as it was asked for', async () => {
      const server = await answering('HTTP/1.1 204 No Content\r\n\r\n');
      await openPort().exchange(post(`${server.origin}/v2/invite_users?x=%20`));
      const [head, body] = server.received.split('\r\n\r\n');
      expect(head).toMatch(/^POST \/v2\/invite_users\?x=%20 HTTP\/1\.1\r\n/);
      expect(head?.toLowerCase()).toContain('\r\nx-key: sesame-sesame-sesame');
      expect(head?.toLowerCase()).toContain('\r\ncontent-length: 27');
      expect(head?.toLowerCase()).not.toContain('transfer-encoding');
      expect(body).toBe('{"emails":["ann@acme.com"]}');
    });

    it('follows a request whose body is bytes', async () => {
      const server = await answering('HTTP/1.1 204 No Content\r\n\r\n');
      await openPort().exchange(post(server.origin, { body: Uint8Array.of(0x1f, 0x8b, 0, 255, 13, 10) }));
      const [head = '', body] = server.received.split('\r\n\r\n');
      expect(head.toLowerCase()).toContain('\r\ncontent-length: 6');
      expect(head.toLowerCase()).not.toContain('transfer-encoding');
      expect(body).toBe('\x1f\x8b\x00\xff\r\n');
    });

    it.each([
      ['without a body', 'HTTP/1.1 204 No Content\r\n\r\n', 204, ''],
      ['with an empty body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 200, ''],
      [
        'in chunks, with trailers',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{"\r\n3\r\na":\r\n2\r\n1}\r\n0\r\nX-Key: sesame\r\n\r\n',
        200,
        '{"a":1}',
      ],
      [
        'after an interim one',
        'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}',
        200,
        '{}',
      ],
    ])('is read %s', async (_name, text, status, body) => {
      const server = await answering(text);
      const result = await openPort().exchange(post(server.origin));
      expect(result).toMatchObject({ kind: 'answered', status });
      expect(textOf(result)).toBe(body);
      expect(JSON.stringify(result)).not.toContain('sesame');
    });

    it('that a closing connection ends is read to its end', async () => {
      const server = await open(async (connection) => {
        await connection.request();
        connection.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\nno');
      });
      expect(textOf(await openPort().exchange(post(server.origin)))).toBe('no');
    });

    it('is handed back when it is a redirect, which nobody follows', async () => {
      const elsewhere = await answering('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      for (const status of [301, 302, 303, 307, 308]) {
        const server = await answering(
          `HTTP/1.1 ${status} Moved\r\nLocation: ${elsewhere.origin}/\r\nContent-Length: 0\r\n\r\n`,
        );
        expect(await openPort().exchange(post(server.origin))).toMatchObject({ kind: 'answered', status });
      }
      expect(elsewhere.connections).toBe(0);
    });

    it.each([
      ['gzip', gzipSync('{"a":1}')],
      ['br', brotliCompressSync('{"a":1}')],
    ])('is decoded from %s', async (coding, bytes) => {
      const head = `HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${bytes.byteLength}\r\n\r\n`;
      const server = await answering(head + bytes.toString('latin1'));
      expect(textOf(await openPort().exchange(post(server.origin)))).toBe('{"a":1}');
    });
  });

  describe(`${name}: proof that nothing was sent`, () => {
    it('is given only for a refused connection', async () => {
      const result = await openPort().exchange(post(`http://127.0.0.1:${CLOSED_PORT}/`));
      expect(result).toEqual(
        traits.provesNotSent
          ? { kind: 'not_sent', reason: 'connect_failed' }
          : { kind: 'maybe_sent', reason: 'connection_lost', status: null },
      );
    });

    it('is not given when the connection is cut as soon as it stands', async () => {
      const server = await open((connection) => connection.reset());
      const result = await openPort().exchange(post(server.origin));
      // The client may notice the closed connection before it writes. Only then may it report `not_sent`.
      if (result.kind === 'not_sent') expect(server.received).toBe('');
      else expect(result).toMatchObject({ kind: 'maybe_sent', status: null });
    });
  });

  describe(`${name}: no complete answer`, () => {
    it.each([
      ['a reset', (connection: RawConnection) => connection.reset()],
      ['an end', (connection: RawConnection) => connection.end()],
    ])('%s after the request leaves it open', async (_name, cut) => {
      const server = await open(async (connection) => {
        await connection.request();
        cut(connection);
      });
      const result = await openPort().exchange(post(server.origin));
      expect(result).toEqual({ kind: 'maybe_sent', reason: 'connection_lost', status: null });
      expect(server.received).toContain('ann@acme.com');
      expect(server.connections).toBe(1);
    });

    it.each([
      ['by length', 'HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n{"a":'],
      ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n'],
    ])('half of one, told %s, leaves it open and names the status', async (_name, text) => {
      const server = await open(async (connection) => {
        await connection.request();
        connection.end(text);
      });
      expect(await openPort().exchange(post(server.origin))).toEqual({
        kind: 'maybe_sent',
        reason: 'connection_lost',
        status: 200,
      });
    });

    it('a server that never answers runs into the deadline for the head', async () => {
      const server = await open(() => {});
      // An adapter that cannot tell the connection from the head has one deadline for both.
      const connectMs = traits.provesNotSent ? AMPLE.connectMs : SHORT_MS;
      const result = await openPort().exchange(
        post(server.origin, { deadlines: { ...AMPLE, connectMs, headersMs: SHORT_MS } }),
      );
      expect(result).toEqual({ kind: 'maybe_sent', reason: 'timeout', status: null });
    });

    it('a server that never ends its answer runs into the deadline for the body', async () => {
      const server = await answering('HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n{"a":');
      const result = await openPort().exchange(post(server.origin, { deadlines: { ...AMPLE, bodyMs: SHORT_MS } }));
      expect(result).toEqual({ kind: 'maybe_sent', reason: 'timeout', status: 200 });
    });

    it('a server that keeps dripping runs into the deadline for the whole', async () => {
      const server = await open(async (connection) => {
        await connection.request();
        connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        const drip = setInterval(() => connection.write('1\r\n \r\n'), 5);
        connection.socket.on('close', () => clearInterval(drip));
      });
      const port = openPort();
      const within = (totalMs: number): Promise<HttpResult> =>
        port.exchange(post(server.origin, { deadlines: { ...AMPLE, totalMs } }));
      // Long enough for the head to come: a slow machine needs more for it.
      let result = await within(150);
      for (let totalMs = 300; totalMs < AMPLE.totalMs && !('status' in result && result.status === 200); totalMs *= 2)
        result = await within(totalMs);
      expect(result).toEqual({ kind: 'maybe_sent', reason: 'timeout', status: 200 });
    });

    it.each([
      ['announced', `HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n${'x'.repeat(1_001)}`],
      ['counted', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n${'x'.repeat(1_001)}\r\n0\r\n\r\n`],
    ])('one that is too large, as %s, is not read', async (_name, text) => {
      const server = await answering(text);
      expect(await openPort().exchange(post(server.origin))).toEqual({
        kind: 'maybe_sent',
        reason: 'response_too_large',
        status: 200,
      });
    });

    it('one that grows too large when decoded is not read', async () => {
      const bytes = gzipSync(Buffer.alloc(1_000_000));
      const server = await answering(
        `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bytes.byteLength}\r\n\r\n${bytes.toString('latin1')}`,
      );
      const result = await openPort().exchange(post(server.origin, { maxResponseBytes: 100_000 }));
      expect(result).toEqual({ kind: 'maybe_sent', reason: 'response_too_large', status: 200 });
    });

    it('one in an unknown or broken coding is not an answer', async () => {
      for (const coding of ['rot13', 'gzip', 'constructor']) {
        const server = await answering(`HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: 2\r\n\r\n{}`);
        expect(await openPort().exchange(post(server.origin))).toMatchObject({ kind: 'maybe_sent' });
      }
    });

    it.each([
      ['no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
      ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} '],
      [
        'a switch of protocols',
        'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
      ],
    ])('%s leaves it open', async (_name, text) => {
      const server = await open(async (connection) => {
        await connection.request();
        connection.end(text);
      });
      expect(await openPort().exchange(post(server.origin))).toMatchObject({ kind: 'maybe_sent' });
      expect(server.connections).toBe(1);
    });
  });
}
