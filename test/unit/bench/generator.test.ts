import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createFramer } from '../../../bench/load/framing.ts';
import { arrive, MAX_CONNECTIONS, quantileMs, saturate } from '../../../bench/load/generator.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
const answer = (status: number): string => `HTTP/1.1 ${status} Any\r\nContent-Length: 0\r\n\r\n`;

/** A server whose requests the test answers. */
async function serve(onRequest: (reply: (status: number) => void, socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on(
      'data',
      createFramer(() => onRequest((status) => void socket.write(answer(status)), socket)),
    );
    socket.on('error', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

describe('a closed loop', () => {
  it('has one request on each connection at a time, and ends after the number of requests that was asked for', async () => {
    let [open, most, requests] = [0, 0, 0];
    const port = await serve((reply) => {
      open += 1;
      requests += 1;
      most = Math.max(most, open);
      setImmediate(() => {
        open -= 1;
        reply(200);
      });
    });
    const measured = await saturate({ port, nextRequest: () => REQUEST }, { connections: 8, requests: 100 });
    expect({ requests, answers: measured.answers, failures: measured.failures }).toEqual({
      ...{ requests: 100, answers: 100, failures: 0 },
    });
    expect(most).toBeLessThanOrEqual(8);
  });

  it('counts each answer that is no 200 and each connection that is lost, and goes on', async () => {
    let requests = 0;
    const port = await serve((reply, socket) => {
      requests += 1;
      if (requests === 3) socket.destroy();
      else reply(requests === 5 ? 503 : 200);
    });
    const measured = await saturate({ port, nextRequest: () => REQUEST }, { connections: 1, requests: 10 });
    expect(measured.failures).toBe(2);
    expect(measured.statuses).toEqual(
      new Map([
        [200, 8],
        [0, 1],
        [503, 1],
      ]),
    );
  });
});

describe('an open loop', () => {
  it('sends what is due while nothing is answered, and counts each latency from the moment a request was due', async () => {
    const replies: ((status: number) => void)[] = [];
    // The server is stalled until the last request has arrived: a closed loop would never send it.
    const port = await serve((reply) => {
      replies.push(reply);
      if (replies.length === 100) for (const give of replies) give(200);
    });
    const measured = await arrive({ port, nextRequest: () => REQUEST }, { perSecond: 1_000, durationMs: 100 });
    expect({ answers: measured.answers, failures: measured.failures }).toEqual({ answers: 100, failures: 0 });
    // The last request was due 99 ms after the first, and none was answered before.
    expect(quantileMs(measured, 1)).toBeGreaterThanOrEqual(99);
    expect(quantileMs(measured, 0.5)).toBeGreaterThanOrEqual(49);
  });

  it('counts the time that a request had to wait before it was sent', async () => {
    const STALL_MS = 50;
    const port = await serve((reply) => reply(200));
    let isStalled = false;
    // The generator itself is held up at its first request, while the others become due.
    const nextRequest = (): string => {
      const untilMs = performance.now() + STALL_MS;
      while (!isStalled && performance.now() < untilMs);
      isStalled = true;
      return REQUEST;
    };
    const measured = await arrive({ port, nextRequest }, { perSecond: 1_000, durationMs: STALL_MS });
    // Request n was due after n ms and sent after 50.
    expect(quantileMs(measured, 1)).toBeGreaterThanOrEqual(STALL_MS);
    expect(quantileMs(measured, 0.5)).toBeGreaterThanOrEqual(STALL_MS / 2 - 1);
    expect(measured.lateShare).toBeGreaterThanOrEqual(0.9);
  });

  it('sends a request that was due while every connection was taken as soon as one is free', async () => {
    const replies: ((status: number) => void)[] = [];
    let requests = 0;
    const port = await serve((reply) => {
      requests += 1;
      replies.push(reply);
      // Stalled until all connections are taken; then the rest comes on the connections that the answers free.
      if (requests >= MAX_CONNECTIONS) for (const give of replies.splice(0)) give(200);
    });
    const perSecond = 5_000;
    const measured = await arrive({ port, nextRequest: () => REQUEST }, { perSecond, durationMs: 100 });
    expect({ requests, answers: measured.answers, failures: measured.failures }).toEqual({
      ...{ requests: 500, answers: 500, failures: 0 },
    });
    expect(quantileMs(measured, 1)).toBeGreaterThanOrEqual((1000 * (MAX_CONNECTIONS - 1)) / perSecond);
  });
});
