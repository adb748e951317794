import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { MockAgent } from 'undici';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import type { Witness } from '../../../../src/ledger/trusted-time.ts';
import { createFetchDocument } from '../../../../src/platform/node/http-client/fetch-document.ts';
import { selfSigned } from '../../../contract/http-port/certificate.ts';
import { serveRaw } from '../../../contract/http-port/server.ts';

const seen: string[] = [];
const ANSWERS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '/keys': (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"keys":[]}'),
  '/exact': (response) => response.end('x'.repeat(100)),
  '/large': (response) => response.end('x'.repeat(101)),
  '/endless': (response) => {
    const pour = (): void => void (response.destroyed || response.write('x'.repeat(1000), pour));
    pour();
  },
  '/redirect': (response) => response.writeHead(302, { location: '/keys' }).end(),
  '/missing': (response) => response.writeHead(404).end('no'),
  '/broken': (response) => response.writeHead(500).end('no'),
  '/latin1': (response) => response.end(Buffer.from([0x7b, 0xe9, 0x7d])),
  '/cut': (response) => void response.writeHead(200, { 'content-length': '50' }).write('{', () => response.destroy()),
  '/silent': () => undefined,
  '/halting': (response) => void response.write('{'),
};

let server: Server;
let origin = '';
beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request.url ?? '');
    ANSWERS[request.url ?? '']?.(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const fetchDocument = createFetchDocument();
const fetch = (path: string, timeoutMs = 10_000) =>
  fetchDocument({ url: `${origin}${path}`, timeoutMs, maxBytes: 100 });

describe('a document over TLS', () => {
  const answered = async (status: number, host = 'https://id.example.com') => {
    const heard: Witness[] = [];
    const dispatcher = new MockAgent();
    dispatcher.disableNetConnect();
    const headers = { date: 'Mon, 02 Mar 2026 10:00:00 GMT' };
    dispatcher.get(host).intercept({ path: '/keys' }).reply(status, '{"keys":[]}', { headers });
    const fetchOne = createFetchDocument({ dispatcher, hear: (witness) => void heard.push(witness) });
    await fetchOne({ url: `${host}/keys`, timeoutMs: 10_000, maxBytes: 100 });
    return heard;
  };

  it('is a witness of the time; one that did not come, or came over plain http, is none', async () => {
    expect(await answered(200)).toEqual([{ atMs: Date.UTC(2026, 2, 2, 10), kind: 'now' }]);
    expect(await answered(404)).toEqual([]);
    expect(await answered(200, 'http://127.0.0.1:9')).toEqual([]);
  });
});

describe('a document over HTTP', () => {
  it('is read with its type', async () => {
    expect(await fetch('/keys')).toEqual({ kind: 'document', text: '{"keys":[]}', contentType: 'application/json' });
  });

  it('may be exactly as long as allowed', async () => {
    expect(await fetch('/exact')).toMatchObject({ kind: 'document' });
  });

  it.each([
    ['/large', { reason: 'too_large' }],
    ['/endless', { reason: 'too_large' }],
    ['/missing', { reason: 'bad_status', status: 404 }],
    ['/broken', { reason: 'bad_status', status: 500 }],
    ['/latin1', { reason: 'not_utf8' }],
    ['/cut', { reason: 'unreachable' }],
  ])('fails for %s as %j', async (path, failure) => {
    expect(await fetch(path)).toEqual({ kind: 'failed', ...failure });
  });

  it('is not looked for where a redirect points', async () => {
    seen.length = 0;
    expect(await fetch('/redirect')).toEqual({ kind: 'failed', reason: 'redirected', status: 302 });
    expect(seen).toEqual(['/redirect']);
  });

  it.each(['/silent', '/halting'])('is given up in time when the server is %s', async (path) => {
    expect(await fetch(path, 50)).toEqual({ kind: 'failed', reason: 'timeout' });
  });

  it('is given up in time when no connection can be set up', async () => {
    const silent = await serveRaw(() => {});
    onTestFinished(() => silent.close());
    const url = `https://127.0.0.1:${String(silent.port)}/keys`;
    expect(await fetchDocument({ url, timeoutMs: 50, maxBytes: 100 })).toEqual({ kind: 'failed', reason: 'timeout' });
  }, 5_000);

  it('is unreachable where nobody listens, and where the URL is none', async () => {
    expect(await fetchDocument({ url: 'http://127.0.0.1:1/keys', timeoutMs: 10_000, maxBytes: 100 })).toMatchObject({
      reason: 'unreachable',
    });
    expect(await fetchDocument({ url: 'not a url', timeoutMs: 10_000, maxBytes: 100 })).toMatchObject({
      reason: 'unreachable',
    });
  });
});

describe('a document behind a certificate that nobody vouches for', () => {
  it('is not read, whatever the environment allows', async () => {
    const tls = createTlsServer(selfSigned('127.0.0.1'), (_request, response) => response.end('{"keys":[]}'));
    await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(tls.address() as AddressInfo).port}/keys`;
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      expect(await fetchDocument({ url, timeoutMs: 10_000, maxBytes: 1000 })).toMatchObject({ kind: 'failed' });
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
      tls.closeAllConnections();
      await new Promise((resolve) => tls.close(resolve));
    }
  });
});
