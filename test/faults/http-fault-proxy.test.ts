import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttpFaultProxy } from '../support/servers/http-fault-proxy.ts';
import type { HttpFaultProxy } from '../support/servers/http-fault-proxy.ts';

describe('the fault proxy ends its connections', () => {
  let proxy: HttpFaultProxy;
  /** Answers that a test has yet to end, in the order of their requests. */
  const asked: ServerResponse[] = [];
  let came = Promise.withResolvers<void>();
  const server = createServer((_, response) => {
    asked.push(response);
    came.resolve();
    came = Promise.withResolvers();
  });

  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await startHttpFaultProxy({ port: (server.address() as AddressInfo).port });
  });
  afterAll(async () => {
    await proxy.close();
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });

  async function request(): Promise<{ readonly answer: Promise<string>; readonly response: ServerResponse }> {
    const { promise } = came;
    const answer = (async () => {
      const [message] = (await once(get({ port: proxy.port, host: '127.0.0.1' }), 'response')) as [IncomingMessage];
      return await text(message);
    })();
    await promise;
    return { answer, response: asked.shift()! };
  }

  it('behind an answer that is on its way', async () => {
    const { answer, response } = await request();
    const drained = proxy.drain();
    response.end('all of it');
    expect(await answer).toBe('all of it');
    await drained;
  });

  it('also when the server never answers', async () => {
    const { answer, response } = await request();
    const drained = proxy.drain();
    response.destroy();
    await expect(answer).rejects.toThrow(/hang up|ECONNRESET/);
    await drained;
  });
});
