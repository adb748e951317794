import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { createEgress } from '../../../src/lib/egress/egress.ts';
import { createHttpClient } from '../../../src/platform/node/http-client/http-client.ts';
import { selfSigned } from './certificate.ts';
import { AMPLE, describeHttpPort, post, SHORT_MS, textOf } from './http-port.contract.ts';
import { serveRaw, type RawConnection, type RawServer } from './server.ts';
import type { ConnectProxy } from '../../support/servers/connect-proxy.ts';
import { startConnectProxy } from '../../support/servers/connect-proxy.ts';

describeHttpPort('undici', createHttpClient, { provesNotSent: true });

// The same exchanges in tunnels of an egress proxy. Each target has a name, because loopback never goes through it.
const target = selfSigned('target.test');
const portOf = (authority: string): number => Number(authority.split(':')[1]);
let proxy: ConnectProxy;
beforeAll(async () => {
  proxy = await startConnectProxy({ targets: portOf });
});
afterAll(async () => {
  expect(proxy.asked.length).toBeGreaterThan(20);
  expect(proxy.others).toEqual([]);
  await proxy.close();
});
describeHttpPort(
  'undici through an egress proxy',
  () => {
    const { hostname, port } = new URL(proxy.url);
    const address = { protocol: 'http:', hostname, port: Number(port), authorization: null } as const;
    return createHttpClient({ ca: target.cert, egress: createEgress(address, null) });
  },
  { provesNotSent: true },
  async (onConnection) => {
    const server = await serveRaw(onConnection, target);
    return Object.create(server, { origin: { value: `https://target.test:${String(server.port)}` } }) as RawServer;
  },
);

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function open(...args: Parameters<typeof serveRaw>) {
  const server = await serveRaw(...args);
  opened.push(server);
  return server;
}

function openClient(...args: Parameters<typeof createHttpClient>) {
  const client = createHttpClient(...args);
  opened.unshift(client);
  return client;
}

async function answerAll(connection: RawConnection): Promise<never> {
  for (;;) {
    await connection.request();
    connection.write(OK);
  }
}

describe('undici: connections', () => {
  it('are kept and used again', async () => {
    const server = await open(answerAll);
    const client = openClient();
    for (let n = 0; n < 5; n += 1) expect(textOf(await client.exchange(post(server.origin)))).toBe('{}');
    // undici frees a connection one turn of the event loop after the response, so a second connection may exist.
    expect(server.connections).toBeLessThanOrEqual(2);
  });

  it('carry one exchange at a time', async () => {
    const server = await open(answerAll);
    const client = openClient();
    const results = await Promise.all(Array.from({ length: 20 }, () => client.exchange(post(server.origin))));
    expect(new Set(results.map((result) => result.kind))).toEqual(new Set(['answered']));
    expect(server.connections).toBe(20);
  });

  it('that bring a second, unasked answer do not give it to the next exchange', async () => {
    const server = await open(async (connection) => {
      await connection.request();
      connection.write(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n{"x":1}`);
    });
    const client = openClient();
    expect(textOf(await client.exchange(post(server.origin)))).toBe('{}');
    const second = await client.exchange(post(server.origin));
    expect(second.kind === 'answered' ? textOf(second) : '{}').toBe('{}');
  });

  it('that time out are closed, so that a late answer meets nobody', async () => {
    const late = Promise.withResolvers<void>();
    const server = await open(async (connection) => {
      await connection.request();
      if (server.connections === 1) {
        connection.socket.on('close', () => late.resolve());
        return;
      }
      connection.write(OK);
    });
    const client = openClient();
    expect(await client.exchange(post(server.origin, { deadlines: { ...AMPLE, headersMs: SHORT_MS } }))).toMatchObject({
      reason: 'timeout',
    });
    await late.promise;
    expect(await client.exchange(post(server.origin))).toMatchObject({ kind: 'answered' });
    expect(server.connections).toBe(2);
  });

  it('with too large a head are given up', async () => {
    const server = await open(async (connection) => {
      await connection.request();
      connection.write(`HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(20_000)}\r\nContent-Length: 0\r\n\r\n`);
    });
    expect(await openClient().exchange(post(server.origin))).toEqual({
      kind: 'maybe_sent',
      reason: 'protocol_error',
      status: null,
    });
  });

  it('with bad HTTP are named so', async () => {
    const server = await open(async (connection) => {
      await connection.request();
      connection.write('HTTP/1.1 200 OK\r\nBad Field: 1\r\n\r\n');
    });
    expect(await openClient().exchange(post(server.origin))).toEqual({
      kind: 'maybe_sent',
      reason: 'protocol_error',
      status: null,
    });
  });
});

describe('undici: proof that nothing was sent', () => {
  it('covers the wait for a free connection, and holds after one comes free', async () => {
    const release = Promise.withResolvers<void>();
    const server = await open(async (connection) => {
      for (let n = 0; ; n += 1) {
        await connection.request();
        if (n === 0) await release.promise;
        connection.write(OK);
      }
    });
    const client = openClient({ maxConnectionsPerOrigin: 1 });
    const first = client.exchange(post(server.origin, { body: '"first"' }));
    const second = client.exchange(
      post(server.origin, { body: '"second"', deadlines: { ...AMPLE, connectMs: SHORT_MS } }),
    );
    expect(await second).toEqual({ kind: 'not_sent', reason: 'connect_timeout' });
    release.resolve();
    expect(await first).toMatchObject({ kind: 'answered' });
    expect(await client.exchange(post(server.origin, { body: '"third"' }))).toMatchObject({ kind: 'answered' });
    expect(server.received).toContain('"third"');
    expect(server.received).not.toContain('"second"');
  });

  it('is given when a TLS handshake never ends', async () => {
    const server = await open(() => {});
    const result = await openClient().exchange(
      post(`https://127.0.0.1:${server.port}/`, { deadlines: { ...AMPLE, connectMs: SHORT_MS } }),
    );
    expect(result).toEqual({ kind: 'not_sent', reason: 'connect_timeout' });
    expect(server.received).not.toContain('sesame');
  });

  it('is given when the other side does not speak TLS', async () => {
    const server = await open((connection) => connection.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await openClient().exchange(post(`https://127.0.0.1:${server.port}/`))).toEqual({
      kind: 'not_sent',
      reason: 'tls_failed',
    });
    expect(server.received).not.toContain('sesame');
  });

  it('is given when the client is closing', async () => {
    const server = await open(answerAll);
    const client = openClient();
    await client.exchange(post(server.origin));
    await client.close();
    expect(await client.exchange(post(server.origin))).toEqual({ kind: 'not_sent', reason: 'client_closed' });
  });
});

describe('undici: closing', () => {
  it('waits for exchanges under way and begins no other', async () => {
    const arrived = Promise.withResolvers<RawConnection>();
    const server = await open(async (connection) => {
      await connection.request();
      arrived.resolve(connection);
    });
    const client = openClient();
    const exchange = client.exchange(post(server.origin));
    const connection = await arrived.promise;
    const closed = client.close();
    expect(await client.exchange(post(server.origin))).toEqual({ kind: 'not_sent', reason: 'client_closed' });
    expect(server.connections).toBe(1);
    connection.write(OK);
    expect(await exchange).toMatchObject({ kind: 'answered' });
    await closed;
  });
});

describe('undici: TLS', () => {
  const trusted = selfSigned('127.0.0.1');

  it('reaches a server whose certificate is trusted', async () => {
    const server = await open(answerAll, trusted);
    expect(textOf(await openClient({ ca: trusted.cert }).exchange(post(server.origin)))).toBe('{}');
  });

  it('sends nothing to a server whose certificate is not, whatever the environment allows', async () => {
    const server = await open(answerAll, trusted);
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      expect(await openClient().exchange(post(server.origin))).toEqual({ kind: 'not_sent', reason: 'tls_failed' });
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
    expect(server.received).toBe('');
  });

  it('sends nothing to a server with somebody else’s name', async () => {
    const other = selfSigned('127.0.0.2');
    const server = await open(answerAll, other);
    expect(await openClient({ ca: other.cert }).exchange(post(server.origin))).toEqual({
      kind: 'not_sent',
      reason: 'tls_failed',
    });
    expect(server.received).toBe('');
  });

  it('sends nothing over TLS 1.1', async () => {
    const server = await open(answerAll, {
      ...trusted,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    expect(await openClient({ ca: trusted.cert }).exchange(post(server.origin))).toEqual({
      kind: 'not_sent',
      reason: 'tls_failed',
    });
    expect(server.received).toBe('');
  });
});
