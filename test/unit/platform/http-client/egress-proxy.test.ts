import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';

import { SERVICE_VERSION } from '../../../../src/config/service.ts';
import { createEgress } from '../../../../src/lib/egress/egress.ts';
import { readNoProxy } from '../../../../src/lib/egress/no-proxy.ts';
import { readProxyAddress } from '../../../../src/lib/egress/proxy-address.ts';
import { createFetchDocument } from '../../../../src/platform/node/http-client/fetch-document.ts';
import { createHttpClient } from '../../../../src/platform/node/http-client/http-client.ts';
import { selfSigned } from '../../../contract/http-port/certificate.ts';
import { AMPLE, post, SHORT_MS, textOf } from '../../../contract/http-port/http-port.contract.ts';
import { CLOSED_PORT, serveRaw } from '../../../contract/http-port/server.ts';
import type { RawServer } from '../../../contract/http-port/server.ts';
import type { ConnectProxyOptions, ProxyAnswer } from '../../../support/servers/connect-proxy.ts';
import { proxyAnswers, serveConnectProxy } from '../../../support/servers/connect-proxy.ts';

const GALILEO = 'api.galileo.test';
const PROXY = 'proxy.acme.test';
const PASSWORD = 'pa:ss@w#rd-0123456789';
const galileo = selfSigned(GALILEO);
const proxyCertificate = selfSigned('127.0.0.1');
const trusted = `${galileo.cert}${proxyCertificate.cert}`;
const URL_OF_INVITES = `https://${GALILEO}/v2/invite_users`;

function egressOf(proxyUrl: string, noProxy = '') {
  const address = readProxyAddress(proxyUrl);
  const list = readNoProxy(noProxy);
  if (address.kind === 'unfit' || list.kind === 'unfit') throw new Error('unfit');
  return createEgress(address.proxy, list.noProxy);
}

async function serveGalileo(certificate = galileo): Promise<RawServer> {
  const server = await serveRaw(async (connection) => {
    for (;;) {
      await connection.request();
      connection.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
    }
  }, certificate);
  onTestFinished(() => server.close());
  return server;
}

async function open(
  options: Partial<ConnectProxyOptions> & { userInfo?: string; noProxy?: string; certificate?: typeof galileo } = {},
) {
  const server = await serveGalileo(options.certificate);
  const proxy = await serveConnectProxy({ targets: { [`${GALILEO}:443`]: server.port }, ...options });
  const egress = egressOf(proxy.url.replace('//', `//${options.userInfo ?? ''}`), options.noProxy);
  const client = createHttpClient({ ca: trusted, egress });
  onTestFinished(() => client.close());
  return { server, proxy, egress, client };
}

describe('a client with an egress proxy', () => {
  it('reaches an https target by CONNECT alone, TLS being with the target', async () => {
    const { server, proxy, client } = await open();
    expect(textOf(await client.exchange(post(URL_OF_INVITES)))).toBe('{}');
    const headers = { host: `${GALILEO}:443`, 'user-agent': `galileo-invite-proxy/${SERVICE_VERSION}` };
    expect(proxy.asked).toEqual([{ authority: `${GALILEO}:443`, headers }]);
    expect(proxy.others).toEqual([]);
    expect(server.received).toMatch(/^POST \/v2\/invite_users HTTP\/1\.1\r\n/);
    expect(server.received.toLowerCase()).toContain(`\r\nhost: ${GALILEO}\r\n`);
  });

  it('keeps the tunnel for the next exchange, as it keeps a direct connection', async () => {
    const { server, proxy, client } = await open();
    for (let n = 0; n < 5; n += 1)
      expect(await client.exchange(post(URL_OF_INVITES))).toMatchObject({ kind: 'answered' });
    expect(proxy.asked.length).toBeLessThanOrEqual(2);
    expect(server.connections).toBe(proxy.asked.length);
  });

  it('opens one tunnel an exchange when many run at once', async () => {
    const { proxy, client } = await open();
    const results = await Promise.all(Array.from({ length: 20 }, () => client.exchange(post(URL_OF_INVITES))));
    expect(results.map(({ kind }) => kind)).toEqual(Array.from({ length: 20 }, () => 'answered'));
    expect(proxy.asked).toHaveLength(20);
  });

  it('names the port of the target', async () => {
    const server = await serveGalileo();
    const { proxy, client } = await open({ targets: { [`${GALILEO}:8443`]: server.port } });
    expect(await client.exchange(post(`https://${GALILEO}:8443/`))).toMatchObject({ kind: 'answered' });
    expect(proxy.asked.map(({ authority, headers }) => [authority, headers.host])).toEqual([
      [`${GALILEO}:8443`, `${GALILEO}:8443`],
    ]);
  });

  it('sends its credentials to the proxy, decoded, and never to the target', async () => {
    const { server, proxy, client, egress } = await open({
      userInfo: `DOMAIN%5Csvc:${encodeURIComponent(PASSWORD)}@`,
      answer: proxyAnswers.wants(btoa(`DOMAIN\\svc:${PASSWORD}`)),
    });
    expect(await client.exchange(post(URL_OF_INVITES))).toMatchObject({ kind: 'answered' });
    expect(proxy.asked).toHaveLength(1);
    expect(server.received.toLowerCase()).not.toMatch(/authorization|basic/);
    for (const shown of [
      inspect(egress, { depth: 9, showHidden: true }),
      inspect(client, { depth: 9 }),
      JSON.stringify(egress),
    ]) {
      expect(shown).not.toContain('pa:ss');
      expect(shown).not.toContain(btoa(`DOMAIN\\svc:${PASSWORD}`));
    }
  });

  it('speaks TLS to a proxy at https, and TLS with the target inside it', async () => {
    const { server, proxy, client } = await open({ tls: proxyCertificate });
    expect(proxy.url).toMatch(/^https:/);
    expect(textOf(await client.exchange(post(URL_OF_INVITES)))).toBe('{}');
    expect(server.received).toContain('ann@acme.com');
  });

  it.each([
    ['as Squid does', 'HTTP/1.1 200 Connection established\r\n\r\n'],
    ['in HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\n'],
    ['with another status of success', 'HTTP/1.1 204 No Content\r\n\r\n'],
    [
      'with fields that have no meaning here (RFC 9110 §9.3.6)',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\nProxy-Agent: x\r\n\r\n',
    ],
  ])('takes an answer %s', async (_how, head) => {
    const { client } = await open({ answer: proxyAnswers.carriesAfter(head) });
    expect(textOf(await client.exchange(post(URL_OF_INVITES)))).toBe('{}');
  });

  it.each([
    ['that NO_PROXY lists', `https://${GALILEO}/`, GALILEO],
    ['on loopback, which no list has to name', 'https://127.0.0.1/', ''],
    ['at plain http', 'http://127.0.0.1/', ''],
  ])('goes directly to a target %s', async (_what, url, noProxy) => {
    const { proxy, client } = await open({ noProxy });
    // Nothing is there, or its name does not resolve. What counts is who was not asked.
    expect(await client.exchange(post(url.replace('1/', `1:${String(CLOSED_PORT)}/`)))).toMatchObject({
      kind: 'not_sent',
      reason: expect.not.stringMatching(/^proxy_/),
    });
    expect(proxy.asked).toEqual([]);
    expect(proxy.others).toEqual([]);
  });

  it('closes its tunnels when it is closed', async () => {
    const { proxy, client } = await open();
    await client.exchange(post(URL_OF_INVITES));
    await client.close();
    await expect.poll(() => proxy.openTunnels()).toBe(0);
  });
});

describe('proof that nothing was sent, through an egress proxy', () => {
  const OTHER_ANSWERS: readonly (readonly [string, ProxyAnswer, string])[] = [
    ['wants credentials', proxyAnswers.wants('x'), 'proxy_credentials_rejected'],
    ...[400, 403, 404, 405, 429].map(
      (status) => [`answers ${String(status)}`, proxyAnswers.answers(status), 'proxy_refused'] as const,
    ),
    ['redirects', proxyAnswers.writes('HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n'), 'proxy_refused'],
    ...[500, 502, 503, 504].map(
      (status) => [`answers ${String(status)}`, proxyAnswers.answers(status), 'proxy_target_unreachable'] as const,
    ),
    ['cuts the connection', proxyAnswers.cuts, 'proxy_connection_lost'],
    ['cuts the tunnel', proxyAnswers.cutsAfterConnect, 'proxy_connection_lost'],
    ['answers in another protocol', proxyAnswers.writes('\x05\x00SSH-2.0-OpenSSH\r\n\r\n'), 'proxy_protocol_error'],
    [
      'answers with too large a head',
      proxyAnswers.writes(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`),
      'proxy_protocol_error',
    ],
    [
      'says something before the target does',
      proxyAnswers.writes('HTTP/1.1 200 OK\r\n\r\nHello'),
      'proxy_protocol_error',
    ],
    [
      'answers in the place of the target',
      proxyAnswers.writes('HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'),
      'proxy_protocol_error',
    ],
  ];

  it.each(OTHER_ANSWERS)('is given when the proxy %s', async (_what, answer, reason) => {
    const { server, proxy, client } = await open({ answer });
    expect(await client.exchange(post(URL_OF_INVITES))).toEqual({ kind: 'not_sent', reason });
    expect(server.received).toBe('');
    // Not asked twice: a wrong password, repeated, locks accounts.
    expect(proxy.asked).toHaveLength(1);
  });

  it('is given, with the same words, for a document', async () => {
    for (const [, answer, reason] of OTHER_ANSWERS) {
      const { egress } = await open({ answer });
      const fetchDocument = createFetchDocument({ egress, ca: trusted });
      expect(await fetchDocument({ url: URL_OF_INVITES, timeoutMs: 10_000, maxBytes: 100 })).toEqual({
        kind: 'failed',
        reason,
      });
    }
  });

  it('is given when the proxy does not answer CONNECT in time', async () => {
    const { proxy, client, egress } = await open({ answer: proxyAnswers.hangs });
    const deadlines = { ...AMPLE, connectMs: SHORT_MS };
    expect(await client.exchange(post(URL_OF_INVITES, { deadlines }))).toEqual({
      kind: 'not_sent',
      reason: 'proxy_timeout',
    });
    await proxy.connected;
    const fetchDocument = createFetchDocument({ egress, ca: trusted });
    expect(await fetchDocument({ url: URL_OF_INVITES, timeoutMs: SHORT_MS, maxBytes: 100 })).toEqual({
      kind: 'failed',
      reason: 'proxy_timeout',
    });
  });

  it('is given when the proxy outlasts the client’s own patience', async () => {
    const { egress, proxy } = await open({ answer: proxyAnswers.hangs });
    const client = createHttpClient({ ca: trusted, egress, connectTimeoutMs: SHORT_MS });
    onTestFinished(() => client.close());
    expect(await client.exchange(post(URL_OF_INVITES))).toEqual({ kind: 'not_sent', reason: 'proxy_timeout' });
    await expect.poll(() => proxy.openTunnels()).toBe(0);
  });

  it('is given when the client is cut while the proxy is silent, and the connection ends', async () => {
    const { proxy, client } = await open({ answer: proxyAnswers.hangs });
    const result = client.exchange(post(URL_OF_INVITES));
    await proxy.connected;
    client.cut();
    expect(await result).toEqual({ kind: 'not_sent', reason: 'client_closed' });
    await expect.poll(() => proxy.openTunnels()).toBe(0);
  });

  it('is not followed by the request when the tunnel opens too late', async () => {
    const late = Promise.withResolvers<() => void>();
    const answers: ProxyAnswer[] = [({ carry }) => late.resolve(carry)];
    const { server, client } = await open({ answer: (tunnel) => (answers.pop() ?? proxyAnswers.carries)(tunnel) });
    const deadlines = { ...AMPLE, connectMs: SHORT_MS };
    expect(await client.exchange(post(URL_OF_INVITES, { deadlines }))).toMatchObject({ kind: 'not_sent' });
    (await late.promise)();
    expect(await client.exchange(post(`https://${GALILEO}/second`))).toMatchObject({ kind: 'answered' });
    expect(server.received).not.toContain('invite_users');
  });

  it.each([
    ['that takes no connection', async () => `http://127.0.0.1:${String(CLOSED_PORT)}`, 'proxy_unreachable'],
    ['whose name does not resolve', async () => `http://${PROXY}:3128`, 'proxy_name_not_resolved'],
    [
      'at https whose certificate is not trusted',
      async () => (await serveConnectProxy({ targets: {}, tls: selfSigned('127.0.0.1') })).url,
      'proxy_tls_failed',
    ],
    [
      'at https whose certificate is for another name',
      async () => (await serveConnectProxy({ targets: {}, tls: galileo })).url,
      'proxy_tls_failed',
    ],
    [
      'at https that speaks plain http',
      async () => (await serveConnectProxy({ targets: {} })).url.replace('http:', 'https:'),
      'proxy_tls_failed',
    ],
  ])('is given for a proxy %s', async (_what, url, reason) => {
    const client = createHttpClient({ ca: trusted, egress: egressOf(await url()) });
    onTestFinished(() => client.close());
    expect(await client.exchange(post(URL_OF_INVITES))).toEqual({ kind: 'not_sent', reason });
  });

  it('shows no credentials to a proxy at https that cannot prove its name', async () => {
    const proxy = await serveConnectProxy({ targets: {}, tls: galileo });
    const client = createHttpClient({ ca: trusted, egress: egressOf(proxy.url.replace('//', '//svc:secret@')) });
    onTestFinished(() => client.close());
    await client.exchange(post(URL_OF_INVITES));
    expect(proxy.asked).toEqual([]);
  });
});

describe('TLS through an egress proxy', () => {
  it.each([
    ['nobody vouches for', selfSigned(GALILEO)],
    ['is the proxy’s own', proxyCertificate],
    ['has another name', selfSigned('other.galileo.test')],
  ])('sends nothing to a target whose certificate %s, whatever the environment allows', async (_what, certificate) => {
    const { server, client } = await open({ certificate });
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    onTestFinished(() => {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    });
    expect(await client.exchange(post(URL_OF_INVITES))).toEqual({ kind: 'not_sent', reason: 'tls_failed' });
    expect(server.received).toBe('');
  });

  it('names the target to it (SNI)', async () => {
    const names: string[] = [];
    const { client } = await open({
      certificate: {
        ...galileo,
        SNICallback: (name: string, done: (error: null) => void) => {
          names.push(name);
          done(null);
        },
      } as typeof galileo,
    });
    await client.exchange(post(URL_OF_INVITES));
    expect(names).toEqual([GALILEO]);
  });
});
