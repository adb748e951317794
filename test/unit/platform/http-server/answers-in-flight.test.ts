import { afterEach, describe, expect, it } from 'vitest';
import { createAnswersInFlight } from '../../../../src/platform/node/http-server/answers-in-flight.ts';
import type { FetchHandler, Listener } from '../../../../src/platform/node/http-server/listener.ts';
import { listen } from '../../../../src/platform/node/http-server/listener.ts';
import { schedule } from '../../../../src/platform/node/runtime.ts';
import { openRaw } from '../../../support/servers/raw-http.ts';
import { createTestRefusals } from '../../../support/refusals.ts';
import { recordLogs, recordMetrics } from '../../../support/upstream.ts';

const open: Listener[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

const MEBIBYTE = 1024 * 1024;
/** Much more than the kernel buffers of both ends hold. */
const HEAVY = 'x'.repeat(64 * MEBIBYTE);

async function serve(fetch: FetchHandler) {
  const answersInFlight = createAnswersInFlight(16 * MEBIBYTE);
  const ports = { refuse: createTestRefusals(), logger: recordLogs(), metrics: recordMetrics(), schedule };
  const listener = await listen(fetch, {
    ...{ name: 'public', host: '127.0.0.1', port: 0, answersInFlight },
    ...ports,
  });
  open.push(listener);
  return { port: listener.port, answersInFlight };
}

/** Asks and does not read. */
function askUnread(port: number) {
  const reader = openRaw(port);
  reader.socket.pause();
  reader.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  return reader;
}

describe('the answers in flight', () => {
  it('are full while a client does not read a large answer, and not after it has read it', async () => {
    const { port, answersInFlight } = await serve(() => new Response(HEAVY));
    expect(answersInFlight.isFull()).toBe(false);
    const reader = askUnread(port);
    await expect.poll(() => answersInFlight.isFull()).toBe(true);
    reader.socket.resume();
    await expect.poll(() => answersInFlight.isFull(), { timeout: 30_000 }).toBe(false);
    reader.socket.destroy();
  });

  it('are full when many connections together have too much', async () => {
    const { port, answersInFlight } = await serve(() => new Response(HEAVY.slice(0, 12 * MEBIBYTE)));
    const first = askUnread(port);
    const others = [askUnread(port), askUnread(port), askUnread(port)];
    await expect.poll(() => answersInFlight.isFull()).toBe(true);
    for (const { socket } of [first, ...others]) socket.destroy();
    await expect.poll(() => answersInFlight.isFull()).toBe(false);
  });

  it('do not count documents whose bytes all answers share', async () => {
    let asked = 0;
    const { port, answersInFlight } = await serve(() => {
      asked += 1;
      return new Response(HEAVY, { headers: { 'Cache-Control': 'public, max-age=300' } });
    });
    const reader = askUnread(port);
    await expect.poll(() => asked).toBe(1);
    await expect.poll(() => reader.socket.bytesRead).toBeGreaterThan(0);
    expect(answersInFlight.isFull()).toBe(false);
    reader.socket.destroy();
  });
});
