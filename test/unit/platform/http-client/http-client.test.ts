import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpClient } from '../../../../src/platform/node/http-client/http-client.ts';

const server = createServer();
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe('a client that is cut', () => {
  it('ends what was sent as maybe sent, what waits for a connection as not sent, and sends nothing more', async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = createHttpClient({ maxConnectionsPerOrigin: 1 });
    const exchange = () =>
      client.exchange({
        method: 'POST',
        url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`,
        headers: {},
        body: '{}',
        deadlines: { connectMs: 30_000, headersMs: 30_000, bodyMs: 30_000, totalMs: 30_000 },
        maxResponseBytes: 1024,
      });
    const sent = exchange();
    await once(server, 'request');
    const waiting = exchange();
    const closed = client.close();
    client.cut();
    expect(await sent).toMatchObject({ kind: 'maybe_sent' });
    expect(await waiting).toMatchObject({ kind: 'not_sent', reason: 'client_closed' });
    expect(await exchange()).toEqual({ kind: 'not_sent', reason: 'client_closed' });
    await closed;
  });
});
