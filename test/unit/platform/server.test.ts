import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { listen } from '../../../src/platform/node/server.ts';

describe('a listener that closes', () => {
  // Kept-alive connections last 30 s; the test's own limit is what tells that they are not waited for.
  it(
    'lets the request under way finish and does not wait for its connection to become old',
    { timeout: 15_000 },
    async () => {
      const arrived = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      const listener = await listen(
        async () => {
          arrived.resolve();
          await released.promise;
          return new Response('done');
        },
        '127.0.0.1',
        0,
      );
      const agent = new Agent({ keepAlive: true });
      const asked = request({ port: listener.port, host: '127.0.0.1', agent }).end();
      await arrived.promise;
      const closed = listener.close();
      released.resolve();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      expect(response.statusCode).toBe(200);
      response.resume();
      await closed;
      agent.destroy();
    },
  );
});
