import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { BODY_TIMEOUT_MS } from '../../../../src/middleware/limits/body-limit.ts';
import type { FetchHandler, Listener, ListenerLimits } from '../../../../src/platform/node/http-server/listener.ts';
import { listen, LISTENER_LIMITS } from '../../../../src/platform/node/http-server/listener.ts';
import { schedule } from '../../../../src/platform/node/runtime.ts';
import { MAX_HEADER_BYTES } from '../../../../src/lib/http/header-limit.ts';
import { ALLOWED_ORIGIN, createTestRefusals } from '../../../support/refusals.ts';
import { openRaw, statusesOf } from '../../../support/servers/raw-http.ts';
import { recordLogs, recordMetrics } from '../../../support/upstream.ts';

/** Short timeouts in the proportions of the real ones. */
const SHORT: Partial<ListenerLimits> = {
  headersMs: 150,
  requestMs: 300,
  keepAliveMs: 200,
  answerMs: 200,
  checkEveryMs: 20,
};
const PATIENT: Partial<ListenerLimits> = { keepAliveMs: 30_000 };
const MEBIBYTE = 1024 * 1024;

const open: Listener[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

async function serve(fetch: FetchHandler, limits: Partial<ListenerLimits> = SHORT) {
  const [logger, metrics] = [recordLogs(), recordMetrics()];
  const listener = await listen(fetch, {
    ...{ name: 'public', host: '127.0.0.1', port: 0, refuse: createTestRefusals(), logger, metrics, schedule, limits },
  });
  open.push(listener);
  const refused = (): string[] =>
    (metrics.samples as { labels: { reason: string } }[]).map(({ labels }) => labels.reason);
  return { ...listener, listener, refused, logger };
}

const answerAtOnce: FetchHandler = () => new Response('done');
/** Answers after the whole body has arrived, like body-limit. */
const readFirst: FetchHandler = async (asked) =>
  await asked.arrayBuffer().then(
    () => new Response('done'),
    () => new Response('broken', { status: 400 }),
  );

const GET = 'GET /livez HTTP/1.1\r\nHost: proxy.example.com\r\n\r\n';

describe('the limits of a listener', () => {
  it('end every kind of slow client within ten seconds, late by a check interval or not', () => {
    const { headersMs, requestMs, keepAliveMs, answerMs, checkEveryMs } = LISTENER_LIMITS;
    for (const limitMs of [headersMs, requestMs, keepAliveMs, answerMs])
      expect(limitMs + 2 * checkEveryMs).toBeLessThanOrEqual(10_000);
  });
});

describe('a body', () => {
  it('has less time than its request has, so that the answer to a slow one comes from the app', () => {
    expect(BODY_TIMEOUT_MS).toBeLessThan(LISTENER_LIMITS.requestMs);
  });
});

describe('a slow client', () => {
  it('that sends nothing gets a 408 and is ended', async () => {
    const { port, refused } = await serve(answerAtOnce);
    const text = await openRaw(port).closed;
    expect(statusesOf(text)).toEqual([408]);
    expect(refused()).toEqual(['timeout']);
  });

  it('whose header fields arrive slowly gets a 408 like every other refusal, and is ended', async () => {
    const { port } = await serve(answerAtOnce, { ...SHORT, requestMs: 60_000 });
    const slow = openRaw(port);
    slow.write('GET /livez HTTP/1.1\r\nHost: proxy.example.com\r\n');
    const drip = setInterval(() => slow.write('X-A: b\r\n'), 20);
    const text = await slow.closed;
    clearInterval(drip);
    expect(statusesOf(text)).toEqual([408]);
    expect(text).toMatch(/\r\nConnection: close\r\n/);
    expect(text).toMatch(/\r\nContent-Type: application\/problem\+json\r\n/);
    const [, id = ''] = /X-Request-Id: (\S+)/.exec(text) ?? [];
    expect(JSON.parse(text.split('\r\n\r\n')[1] ?? '')).toMatchObject({
      ...{ status: 408, code: 'request_timeout', origin: 'proxy', request_id: id },
    });
  });

  it('whose body arrives slowly gets a 408 and is ended, and no handler got a body', async () => {
    const outcomes: string[] = [];
    const { port } = await serve(async (asked) => {
      await asked.arrayBuffer().then(
        () => outcomes.push('complete'),
        () => outcomes.push('broken'),
      );
      return new Response('too late');
    });
    const slow = openRaw(port);
    slow.write('POST / HTTP/1.1\r\nHost: proxy.example.com\r\nContent-Length: 100000\r\n\r\n');
    const drip = setInterval(() => slow.write('x'), 20);
    const text = await slow.closed;
    clearInterval(drip);
    expect(statusesOf(text)).toEqual([408]);
    await expect.poll(() => outcomes).toEqual(['broken']);
  });

  it('that is idle between requests is gone without a word', async () => {
    const { port } = await serve(answerAtOnce);
    const idle = openRaw(port);
    idle.write(GET);
    expect(statusesOf(await idle.closed)).toEqual([200]);
  });

  it('that does not take its answer is gone', async () => {
    const { port, refused } = await serve(() => new Response('x'.repeat(64 * MEBIBYTE)), {
      ...SHORT,
      // The timeout for 64 MiB would be more than eight minutes; this one is for tests.
      answerMs: 200 - 64 * 8 * 1000,
    });
    const slow = openRaw(port);
    slow.socket.pause();
    slow.write(GET);
    await once(slow.socket, 'connect');
    await expect.poll(refused, { timeout: 30_000 }).toEqual(['slow_reader']);
    slow.socket.resume();
    await slow.closed;
  });

  it('that reads its answers in time is not ended, however many there are', async () => {
    const { port, refused } = await serve(() => new Response('x'.repeat(MEBIBYTE)), { ...SHORT, ...PATIENT });
    const reader = openRaw(port);
    let bytes = 0;
    reader.socket.on('data', (chunk) => {
      bytes += chunk.byteLength;
    });
    // Each answer triggers the next request, so an answer is always running at every check.
    for (let answers = 1; answers <= 30; answers += 1) {
      reader.write(GET);
      while (bytes < answers * MEBIBYTE) await once(reader.socket, 'data');
    }
    expect(refused()).toEqual([]);
    reader.socket.destroy();
  });

  it('that waits for a slow answer of this service is not ended', async () => {
    const released = Promise.withResolvers<void>();
    const { port } = await serve(async () => {
      await released.promise;
      return new Response('at last');
    });
    const waiting = openRaw(port);
    waiting.write(GET);
    // Two idle connections time out one after the other; after that, every timeout has passed.
    await openRaw(port).closed;
    await openRaw(port).closed;
    released.resolve();
    expect(await waiting.until(/at last/)).toContain('200 OK');
  });
});

describe('bytes that are no request', () => {
  it.each([
    ['another protocol', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
    ['an unknown method', 'INVITE / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n'],
    ['a future version', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['a host that is none', 'GET / HTTP/1.1\r\nHost: a b/c\r\n\r\n'],
    ['a target that is no URL', 'GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('(%s) get a 400 and end the connection', async (_, bytes) => {
    let asked = 0;
    const { port } = await serve(() => {
      asked += 1;
      return new Response('done');
    }, PATIENT);
    const client = openRaw(port);
    client.write(Buffer.from(bytes, 'latin1'));
    expect(statusesOf(await client.closed)).toEqual([400]);
    expect(asked).toBe(0);
  });

  it('behind a complete request do not turn its answer into a 400: it is answered as itself, then the connection ends', async () => {
    const released = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const { port, refused } = await serve(async (asked) => {
      await asked.text();
      arrived.resolve();
      await released.promise;
      return new Response('invited');
    }, PATIENT);
    const client = openRaw(port);
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}GARBAGE\r\n\r\n');
    await arrived.promise;
    client.write('more garbage\r\n\r\n');
    released.resolve();
    const text = await client.closed;
    expect(statusesOf(text)).toEqual([200]);
    expect(text).toContain('invited');
    expect(refused()).toEqual(['request_line']);
  });

  it('within a body get one 400, and the handler gets a broken body', async () => {
    const bodies: string[] = [];
    const { port } = await serve(async (asked) => {
      bodies.push(
        await asked.text().then(
          () => 'complete',
          () => 'broken',
        ),
      );
      return new Response('done');
    }, PATIENT);
    const client = openRaw(port);
    client.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n');
    expect(statusesOf(await client.closed)).toEqual([400]);
    await expect.poll(() => bodies).toEqual(['broken']);
  });
});

describe('a header section', () => {
  it('beyond the limit of the parser gets a 431 that a page of an allowed origin can read', async () => {
    const { port, refused } = await serve(answerAtOnce, PATIENT);
    const sent = async (...fields: string[]): Promise<string> => {
      const client = openRaw(port);
      client.write(`GET /livez HTTP/1.1\r\nHost: a\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`);
      return await client.closed;
    };
    const large = `Cookie: ${'c'.repeat(MAX_HEADER_BYTES)}`;
    const text = await sent(`Origin: ${ALLOWED_ORIGIN}`, large);
    expect(statusesOf(text)).toEqual([431]);
    expect(text).toContain(`\r\nAccess-Control-Allow-Origin: ${ALLOWED_ORIGIN}\r\n`);
    expect(text).toContain('larger than 32 KiB, or there are more than 1000 fields; at most 28 KiB are accepted.');
    expect(await sent('Origin: https://evil.example.com', large)).not.toMatch(/allow-origin/i);
    expect(await sent(`Origin: ${ALLOWED_ORIGIN}`, 'Origin: https://evil.example.com', large)).not.toMatch(
      /allow-origin/i,
    );
    expect(await sent(large)).not.toMatch(/allow-origin/i);
    expect(new Set(refused())).toEqual(new Set(['header_fields_too_large']));
  });

  it('with more than 1000 fields is refused, so that none is dropped unseen', async () => {
    const counts: number[] = [];
    const { port, refused } = await serve((_, platformRequest) => {
      counts.push((platformRequest as { incoming: IncomingMessage }).incoming.rawHeaders.length / 2);
      return new Response('done');
    }, PATIENT);
    for (const [count, status] of [
      [1000, 200],
      [1001, 431],
    ] as const) {
      const fields = Array.from({ length: count - 2 }, (_, n) => `X-${String(n)}: a\r\n`);
      const client = openRaw(port);
      client.write(`GET / HTTP/1.1\r\nHost: a\r\n${fields.join('')}Connection: close\r\n\r\n`);
      expect(statusesOf(await client.closed)).toEqual([status]);
    }
    expect([counts, refused()]).toEqual([[1000], ['header_fields_too_large']]);
  });
});

describe('a connection that is idle', () => {
  it('is kept longer than a header section may take, and then serves the next request', async () => {
    const { port } = await serve(answerAtOnce, { ...SHORT, ...PATIENT });
    const kept = openRaw(port);
    kept.write(GET);
    await kept.until(/done/);
    // A connection that says nothing is ended by the timeout for header sections; so that has passed.
    await openRaw(port).closed;
    kept.write(GET);
    expect(statusesOf(await kept.until(/done[^]*done/))).toEqual([200, 200]);
    kept.socket.destroy();
  });

  it('and gets an empty line is ended as if it had got none', async () => {
    const { port, refused } = await serve(answerAtOnce, { ...SHORT, headersMs: 800, requestMs: 800, keepAliveMs: 700 });
    const dripping = openRaw(port);
    dripping.write(GET);
    await dripping.until(/done/);
    // A connection that says nothing ends after 800 ms: half of the idle time, which Node makes a second longer.
    await openRaw(port).closed;
    dripping.write('\r\n');
    const later = openRaw(port);
    later.write(GET);
    const first = await Promise.race([dripping.closed.then(() => 'dripping'), later.closed.then(() => 'later')]);
    expect([first, refused()]).toEqual(['dripping', ['timeout']]);
    await later.closed;
  });

  it('and gets more than two empty lines is refused', async () => {
    const { port, refused } = await serve(answerAtOnce, PATIENT);
    const client = openRaw(port);
    client.write(`${GET}\r\n\r\n\r`);
    await client.closed;
    expect(refused()).toEqual(['empty_lines']);
  });
});

describe('callers who go away', () => {
  it('in the midst of head, body or answer leave no trace but their absence', async () => {
    const { port, logger, refused } = await serve(readFirst, PATIENT);
    const begun = ['GET / HT', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{', GET];
    for (const bytes of begun) {
      for (const goodbye of ['end', 'destroy', 'resetAndDestroy'] as const) {
        const client = openRaw(port);
        await once(client.socket, 'connect');
        await new Promise<unknown>((written) => client.socket.write(bytes, written));
        client.socket[goodbye]();
        await client.closed;
      }
    }
    const last = openRaw(port);
    last.write(GET);
    expect(await last.until(/done/)).toContain('200 OK');
    last.socket.destroy();
    expect(logger.lines).toEqual([]);
    // A request that ends early because the caller half-closed is counted; a reset connection is not.
    expect(new Set(refused())).toEqual(new Set(['incomplete']));
  });
});

/** Answers every request when it is released. */
function answerWhenReleased(): {
  readonly fetch: FetchHandler;
  release(): void;
  arrived(count: number): Promise<void>;
} {
  const released = Promise.withResolvers<void>();
  let asked = 0;
  return {
    release: released.resolve,
    arrived: (count) => expect.poll(() => asked).toBe(count),
    async fetch() {
      asked += 1;
      await released.promise;
      return new Response('done');
    },
  };
}

describe('more connections than the limit', () => {
  it.each([
    ['of all addresses', { maxConnections: 2 }, 'too_many'],
    ['of one address', { maxConnectionsPerAddress: 2 }, 'too_many_of_address'],
  ])('%s are closed at once and counted, and those that were there go on', async (_, limits, reason) => {
    const { fetch, release, arrived } = answerWhenReleased();
    const { port, refused } = await serve(fetch, { ...PATIENT, ...limits });
    const [first, second] = [openRaw(port), openRaw(port)];
    first.write(GET);
    second.write(GET);
    await arrived(2);
    expect(await openRaw(port).closed).toBe('');
    expect(refused()).toEqual([reason]);
    release();
    await Promise.all([first.until(/done/), second.until(/done/)]);
    first.write(GET);
    await first.until(/done[^]*done/);
    first.socket.destroy();
    second.socket.destroy();
  });

  it('of one address leave the places of other addresses', async () => {
    const { fetch, release, arrived } = answerWhenReleased();
    const { port } = await serve(fetch, { ...PATIENT, maxConnectionsPerAddress: 1 });
    const here = openRaw(port);
    here.write(GET);
    await arrived(1);
    const elsewhere = openRaw(port, '127.0.0.2');
    elsewhere.write(GET);
    await arrived(2);
    release();
    await Promise.all([here.until(/done/), elsewhere.until(/done/)]);
    here.socket.destroy();
    elsewhere.socket.destroy();
  });

  it.each([
    ['in all', { maxConnections: 3 }],
    ['of one address', { maxConnectionsPerAddress: 3 }],
  ])('%s close the connection that has been idle longest, and no other', async (_, limits) => {
    const { port, refused } = await serve(answerAtOnce, { ...PATIENT, ...limits });
    const sending = openRaw(port);
    const oldest = openRaw(port);
    const newer = openRaw(port);
    for (const connection of [sending, oldest, newer]) {
      connection.write(GET);
      await connection.until(/done/);
    }
    // One byte of a request is not idle. The answer to another client proves that it has been read.
    sending.write('G');
    newer.write(GET);
    await newer.until(/done[^]*done/);
    const fresh = openRaw(port);
    fresh.write(GET);
    expect(statusesOf(await oldest.closed)).toEqual([200]);
    await fresh.until(/done/);
    expect(refused()).toEqual(['idle']);
    sending.write(GET.slice(1));
    await sending.until(/done[^]*done/);
    newer.write(GET);
    await newer.until(/done[^]*done[^]*done/);
    for (const { socket } of [sending, newer, fresh]) socket.destroy();
  });

  it('have a place again when others have ended', async () => {
    const { port, refused } = await serve(answerAtOnce, { ...PATIENT, maxConnections: 1, maxConnectionsPerAddress: 1 });
    for (let n = 0; n < 5; n += 1) {
      const connection = openRaw(port);
      connection.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      expect(statusesOf(await connection.closed)).toEqual([200]);
    }
    expect(refused()).toEqual([]);
  });
});

describe('a listener that drains', () => {
  it('still accepts connections, and keeps none of them', async () => {
    const { port, listener } = await serve(answerAtOnce, PATIENT);
    const before = openRaw(port);
    before.write(GET);
    await before.until(/done/);
    listener.drain();
    before.write(GET);
    const fresh = openRaw(port);
    fresh.write(GET);
    for (const text of await Promise.all([before.closed, fresh.closed])) {
      expect(text).toMatch(/\r\nConnection: close\r\n/i);
      expect(text).toMatch(/done$/);
    }
  });
});

describe('a listener that closes', () => {
  // Kept-alive connections last 30 s; the shorter timeout of the test proves that close() does not wait for them.
  it(
    'lets the running request finish and does not wait until its connection times out',
    { timeout: 15_000 },
    async () => {
      const arrived = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      const { port, listener } = await serve(async () => {
        arrived.resolve();
        await released.promise;
        return new Response('done');
      }, PATIENT);
      const agent = new Agent({ keepAlive: true });
      const asked = request({ port, host: '127.0.0.1', agent }).end();
      await arrived.promise;
      const closed = listener.close();
      released.resolve();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      expect(response.statusCode).toBe(200);
      response.resume();
      await closed;
      open.length = 0;
      agent.destroy();
    },
  );
});
