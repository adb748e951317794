import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { FetchHandler, Listener } from '../../../../src/platform/node/http-server/listener.ts';
import { listen } from '../../../../src/platform/node/http-server/listener.ts';
import { schedule } from '../../../../src/platform/node/runtime.ts';
import { openRaw, statusesOf } from '../../../support/servers/raw-http.ts';
import { createTestRefusals } from '../../../support/refusals.ts';
import { recordLogs, recordMetrics } from '../../../support/upstream.ts';

const open: Listener[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

async function serve(fetch: FetchHandler): Promise<number> {
  const ports = { refuse: createTestRefusals(), logger: recordLogs(), metrics: recordMetrics(), schedule };
  const limits = { keepAliveMs: 30_000 };
  const listener = await listen(fetch, { ...{ name: 'public', host: '127.0.0.1', port: 0, limits }, ...ports });
  open.push(listener);
  return listener.port;
}

/** Answers with the body of the request, and counts how many requests run. */
function echo(): { readonly fetch: FetchHandler; readonly seen: { running: number; most: number } } {
  const seen = { running: 0, most: 0 };
  return {
    seen,
    async fetch(request) {
      seen.running += 1;
      seen.most = Math.max(seen.most, seen.running);
      const body = await request.text();
      // Other requests would begin now.
      await new Promise((resolve) => setImmediate(resolve));
      seen.running -= 1;
      return new Response(`<${new URL(request.url).pathname}${body}>`);
    },
  };
}

const socketOf = (platform: object): IncomingMessage['socket'] =>
  (platform as { readonly incoming: IncomingMessage }).incoming.socket;

/** Waits a number of turns of the event loop, not a time. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

const get = (path: string, ...fields: string[]): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
const LAST = get('/last', 'Connection: close');

describe('requests that a client sends without waiting', () => {
  it('begin one after the other, however many are in one packet, and are answered in order', async () => {
    const { fetch, seen } = echo();
    const client = openRaw(await serve(fetch));
    const paths = Array.from({ length: 1_400 }, (_, n) => `/${String(n)}`);
    client.write(paths.map((path) => get(path)).join('') + LAST);
    const text = await client.closed;
    expect([...text.matchAll(/<([^>]*)>/g)].map(([, path]) => path)).toEqual([...paths, '/last']);
    expect(seen.most).toBe(1);
  });

  it('have their own bodies in every way to write and to cut them', async () => {
    const { fetch, seen } = echo();
    const port = await serve(fetch);
    const text = fc.string({ unit: fc.constantFrom('\r', '\n', '0', 'x', 'GET / HTTP/1.1\r\n\r\n'), maxLength: 40 });
    const withLength = text.map((body) => ({
      body,
      bytes: `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`,
    }));
    const chunk = (part: string): string => (part === '' ? '' : `${part.length.toString(16)}\r\n${part}\r\n`);
    const inChunks = fc.tuple(fc.array(text, { maxLength: 3 }), fc.boolean()).map(([parts, hasTrailer]) => ({
      body: parts.join(''),
      bytes: `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${parts.map(chunk).join('')}0\r\n${hasTrailer ? 'X: y\r\n' : ''}\r\n`,
    }));
    const without = fc.constantFrom({ body: '', bytes: get('/') }, { body: '', bytes: `\r\n${get('/')}` });
    const requests = fc.array(fc.oneof(withLength, inChunks, without), { minLength: 1, maxLength: 6 });
    const cuts = fc.array(fc.nat(200), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(requests, cuts, async (asked, sizes) => {
        const client = openRaw(port);
        client.socket.setNoDelay(true);
        await once(client.socket, 'connect');
        let bytes = asked.map((one) => one.bytes).join('') + LAST;
        for (const size of sizes) {
          client.write(bytes.slice(0, size + 1));
          bytes = bytes.slice(size + 1);
          await turns(2);
        }
        if (bytes !== '') client.write(bytes);
        const answers = [...(await client.closed).matchAll(/<\/(last)?([^>]*)>/g)].map(([, , body]) => body);
        expect(answers).toEqual([...asked.map(({ body }) => body), '']);
      }),
      { numRuns: 60 },
    );
    expect(seen.most).toBe(1);
  });

  it('do not begin while the answer before them is unread, and begin once it has been read', async () => {
    const begun: string[] = [];
    const port = await serve((request) => {
      begun.push(new URL(request.url).pathname);
      return new Response('x'.repeat(64 * 1024 * 1024));
    });
    const reader = openRaw(port);
    reader.socket.pause();
    reader.write(get('/1') + get('/2'));
    await expect.poll(() => begun).toEqual(['/1']);
    await turns(200);
    expect(begun).toEqual(['/1']);
    reader.socket.resume();
    await expect.poll(() => begun, { timeout: 30_000 }).toEqual(['/1', '/2']);
    reader.socket.destroy();
  });

  it('wait outside of this process, but for two packets', async () => {
    const released = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<IncomingMessage['socket']>();
    const port = await serve(async (_, platform) => {
      arrived.resolve(socketOf(platform));
      await released.promise;
      return new Response('done');
    });
    const client = openRaw(port);
    const much = get('/').repeat(300_000);
    client.write(much);
    const socket = await arrived.promise;
    await turns(500);
    expect(socket.bytesRead).toBeLessThanOrEqual(2 * 64 * 1024 + 16 * 1024);
    expect(client.socket.writableLength).toBeGreaterThan(0);
    client.socket.destroy();
    released.resolve();
  });

  it('do not delay a client that waits for its answer', async () => {
    const MANY = 5_000;
    const seen = { many: 0, whenOther: Infinity };
    const begun = Promise.withResolvers<void>();
    const port = await serve((request) => {
      if (request.url.endsWith('/other')) seen.whenOther = seen.many;
      else seen.many += 1;
      begun.resolve();
      return new Response('done');
    });
    const [hasty, other] = [openRaw(port), openRaw(port)];
    await once(other.socket, 'connect');
    hasty.write(get('/many').repeat(MANY) + LAST);
    await begun.promise;
    other.write(get('/other'));
    await other.until(/done/);
    other.socket.destroy();
    await hasty.closed;
    expect(seen.many).toBe(MANY + 1);
    expect(seen.whenOther).toBeLessThan(MANY / 2);
  });

  it('do not hide that the client of a running request has gone', async () => {
    const aborted = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const port = await serve(async (request) => {
      request.signal.addEventListener('abort', () => aborted.resolve());
      arrived.resolve();
      await aborted.promise;
      return new Response('too late');
    });
    const client = openRaw(port);
    client.write(get('/'));
    await arrived.promise;
    client.socket.destroy();
    await aborted.promise;
  });

  it('include one of a client that sends no more but still reads, and its connection ends with the answer', async () => {
    const { fetch } = echo();
    const client = openRaw(await serve(fetch));
    client.socket.end(get('/'));
    expect(statusesOf(await client.closed)).toEqual([200]);
  });

  it('do not begin behind a request that ends the connection', async () => {
    const begun: string[] = [];
    const port = await serve((request) => {
      begun.push(new URL(request.url).pathname);
      return new Response('done');
    });
    const client = openRaw(port);
    client.write(LAST + get('/behind'));
    expect(statusesOf(await client.closed)).toEqual([200]);
    expect(begun).toEqual(['/last']);
  });

  it('have bodies that are read to their end, also by a handler that begins late', async () => {
    const released = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<IncomingMessage['socket']>();
    const port = await serve(async (request, platform) => {
      arrived.resolve(socketOf(platform));
      await released.promise;
      return new Response(`<${String((await request.text()).length)}>`);
    });
    const client = openRaw(port);
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n${'x'.repeat(5_000_000)}${LAST}`);
    await arrived.promise;
    await turns(200);
    released.resolve();
    expect(await client.closed).toMatch(/<5000000>[^]*<0>/);
  });

  it('and a body that its handler does not read wait outside of this process', async () => {
    const released = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<IncomingMessage['socket']>();
    const port = await serve(async (_, platform) => {
      arrived.resolve(socketOf(platform));
      await released.promise;
      return new Response('done');
    });
    const client = openRaw(port);
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n${'x'.repeat(20_000_000)}`);
    const socket = await arrived.promise;
    await turns(500);
    expect(socket.bytesRead).toBeLessThanOrEqual(4 * 64 * 1024);
    client.socket.destroy();
    released.resolve();
  });
});
