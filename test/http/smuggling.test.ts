/**
 * HTTP requests with a length that two readers could understand differently (RFC 9112 §11.2), written byte by byte to
 * the real listener and with a valid token. The service acts only on a complete request that can be read in one way,
 * and never serves the second request that is hidden in the first one.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { schedule } from '../../src/platform/node/runtime.ts';
import type { Listener } from '../../src/platform/node/http-server/listener.ts';
import { listen } from '../../src/platform/node/http-server/listener.ts';
import { ALLOWED_ORIGIN, createTestRefusals } from '../support/refusals.ts';
import { openRaw, statusesOf } from '../support/servers/raw-http.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';

let service: TestService;
let listener: Listener;
let token = '';

beforeEach(async () => {
  service = await startTestService();
  token = await service.token();
  const { logger, metrics } = service.deps;
  listener = await listen(service.app.fetch, {
    ...{ name: 'public', host: '127.0.0.1', port: 0, refuse: createTestRefusals(), logger, metrics, schedule },
    // Short timeouts for bytes that never come.
    limits: { headersMs: 300, requestMs: 500, keepAliveMs: 300, checkEveryMs: 20 },
  });
});
afterEach(() => listener.close());

const BODY = '{"emails":["ann@acme.com"]}';
const HIDDEN_BODY = '{"emails":["eve@acme.com"]}';
const hex = (text: string): string => text.length.toString(16);
const chunk = (text: string): string => `${hex(text)}\r\n${text}\r\n`;
const CHUNKS = `${chunk(BODY)}0\r\n\r\n`;

interface Parts {
  readonly start?: string;
  readonly fields?: readonly string[];
  readonly body?: string;
  readonly eol?: string;
}

/** A valid invite, changed by `parts`. */
function invite({ start = 'POST /v2/invite_users HTTP/1.1', fields = [], body = BODY, eol = '\r\n' }: Parts): string {
  const all = [
    'Host: proxy.example.com',
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    ...fields,
  ];
  return `${start}${eol}${all.map((field) => `${field}${eol}`).join('')}${eol}${body}`;
}

const length = (text: string | number): string =>
  `Content-Length: ${String(typeof text === 'string' ? text.length : text)}`;
const hidden = (): string => invite({ fields: [length(HIDDEN_BODY)], body: HIDDEN_BODY });

/** Ends the connection without a wait for its timeout. Its answer proves that the bytes before it ended where they should. */
const FAREWELL = 'GET /livez HTTP/1.1\r\nHost: proxy.example.com\r\nConnection: close\r\n\r\n';

/** Sends the bytes. Resolves with everything that comes back before the connection ends. */
async function sendRaw(bytes: string, { thenEnd = false } = {}): Promise<string> {
  const client = openRaw(listener.port);
  client.write(Buffer.from(bytes, 'latin1'));
  if (thenEnd) client.socket.end();
  return await client.closed;
}

async function send(bytes: string, options: { thenEnd?: boolean } = {}): Promise<number[]> {
  return statusesOf(await sendRaw(bytes, options));
}

const reached = (): string[] => service.galileo.received.map(({ body }) => body.match(/\w+@acme\.com/)?.[0] ?? body);

/** Each of them is answered by 400 or 408 only, and nobody is invited. */
const HOSTILE: readonly (readonly [name: string, bytes: () => string])[] = [
  // Two lengths.
  [
    'Content-Length beside chunked',
    () => invite({ fields: [length(BODY), 'Transfer-Encoding: chunked'], body: CHUNKS + hidden() }),
  ],
  [
    'chunked beside Content-Length',
    () => invite({ fields: ['Transfer-Encoding: chunked', length(4)], body: CHUNKS + hidden() }),
  ],
  [
    'Content-Length of the chunked text',
    () => invite({ fields: [length(CHUNKS), 'Transfer-Encoding: chunked'], body: CHUNKS }),
  ],
  ['two different Content-Length', () => invite({ fields: [length(BODY), length(0)], body: BODY + hidden() })],
  ['two equal Content-Length', () => invite({ fields: [length(BODY), length(BODY)] })],
  ['a list of Content-Length', () => invite({ fields: [`${length(BODY)}, ${String(BODY.length)}`] })],
  // A length that is not a number.
  ['Content-Length with a sign', () => invite({ fields: [`Content-Length: +${String(BODY.length)}`] })],
  ['a negative Content-Length', () => invite({ fields: ['Content-Length: -1'] })],
  ['Content-Length in hexadecimal', () => invite({ fields: [`Content-Length: 0x${hex(BODY)}`] })],
  ['Content-Length with a fraction', () => invite({ fields: [`${length(BODY)}.0`] })],
  ['Content-Length of two numbers', () => invite({ fields: [`${length(BODY)} 0`] })],
  ['Content-Length beyond all numbers', () => invite({ fields: ['Content-Length: 18446744073709551643'] })],
  ['no Content-Length in the field', () => invite({ fields: ['Content-Length:'] })],
  [
    'Content-Length with a space before the colon',
    () => invite({ fields: [`Content-Length : ${String(BODY.length)}`] }),
  ],
  ['Content-Length on a folded line', () => invite({ fields: [`Content-Length:\r\n ${String(BODY.length)}`] })],
  ['more Content-Length than body', () => invite({ fields: [length(BODY.length + 5)] })],
  // A transfer coding in disguise.
  ['an unknown transfer coding', () => invite({ fields: ['Transfer-Encoding: xchunked'], body: CHUNKS })],
  ['chunked that is not last', () => invite({ fields: ['Transfer-Encoding: chunked, identity'], body: CHUNKS })],
  ['chunked twice', () => invite({ fields: ['Transfer-Encoding: chunked, chunked'], body: CHUNKS })],
  ['chunked in quotes', () => invite({ fields: ['Transfer-Encoding: "chunked"'], body: CHUNKS })],
  [
    'a coding with a space before the colon',
    () => invite({ fields: ['Transfer-Encoding : chunked', length(4)], body: CHUNKS }),
  ],
  ['a coding on a folded line', () => invite({ fields: ['Transfer-Encoding:\r\n chunked', length(4)], body: CHUNKS })],
  ['a coding behind a vertical tab', () => invite({ fields: ['Transfer-Encoding: \u000bchunked'], body: CHUNKS })],
  ['a coding behind a NUL', () => invite({ fields: ['Transfer-Encoding: \u0000chunked'], body: CHUNKS })],
  ['a coding behind a bare CR', () => invite({ fields: ['X: y\rTransfer-Encoding: chunked', length(BODY)] })],
  [
    'a coding behind a bare LF',
    () => invite({ fields: ['X: y\nTransfer-Encoding: chunked', length(BODY)], body: CHUNKS }),
  ],
  ['a field that begins with a space', () => invite({ fields: [' Transfer-Encoding: chunked', length(BODY)] })],
  // Malformed chunks. The first chunk is the whole invite: a handler that did not wait for the end would send it.
  [
    'a chunk size in decimal behind 0x',
    () => invite({ fields: ['Transfer-Encoding: chunked'], body: `0x${chunk(BODY)}0\r\n\r\n` }),
  ],
  [
    'a chunk size with a sign',
    () => invite({ fields: ['Transfer-Encoding: chunked'], body: `+${chunk(BODY)}0\r\n\r\n` }),
  ],
  [
    'a chunk size that overflows',
    () =>
      invite({ fields: ['Transfer-Encoding: chunked'], body: `${chunk(BODY)}1${'0'.repeat(15)}${chunk(HIDDEN_BODY)}` }),
  ],
  [
    'a second chunk without a size',
    () => invite({ fields: ['Transfer-Encoding: chunked'], body: `${chunk(BODY)}zz\r\n${hidden()}` }),
  ],
  [
    'a second chunk of negative size',
    () => invite({ fields: ['Transfer-Encoding: chunked'], body: `${chunk(BODY)}-1\r\n${hidden()}` }),
  ],
  [
    'a chunk longer than its size',
    () => invite({ fields: ['Transfer-Encoding: chunked'], body: `${hex(BODY)}\r\n${BODY}XX\r\n0\r\n\r\n` }),
  ],
  [
    'a chunk without an end of line',
    () => invite({ fields: ['Transfer-Encoding: chunked'], body: `${hex(BODY)}\r\n${BODY}0\r\n\r\n` }),
  ],
  [
    'a chunk size that ends in a bare LF',
    () => invite({ fields: ['Transfer-Encoding: chunked'], body: `${hex(BODY)}\n${BODY}\r\n0\r\n\r\n` }),
  ],
  [
    'a chunk extension with a bare LF',
    () => invite({ fields: ['Transfer-Encoding: chunked'], body: `${hex(BODY)};x\n${BODY}\r\n0\r\n\r\n${hidden()}` }),
  ],
  [
    'chunk data that ends in a bare LF',
    () => invite({ fields: ['Transfer-Encoding: chunked'], body: `${hex(BODY)}\r\n${BODY}\n0\r\n\r\n` }),
  ],
  ['a space before the chunk size', () => invite({ fields: ['Transfer-Encoding: chunked'], body: ` ${CHUNKS}` })],
  [
    'chunk extensions without end',
    () =>
      invite({
        fields: ['Transfer-Encoding: chunked'],
        body: `${hex(BODY)};${'x'.repeat(20_000)}\r\n${BODY}\r\n0\r\n\r\n`,
      }),
  ],
  ['no last chunk', () => invite({ fields: ['Transfer-Encoding: chunked'], body: chunk(BODY) })],
  [
    'a trailer that is no field',
    () => invite({ fields: ['Transfer-Encoding: chunked'], body: `${chunk(BODY)}0\r\nGET / HTTP/1.1\r\n\r\n` }),
  ],
  // Malformed heads.
  ['lines that end in a bare LF', () => invite({ fields: [length(BODY)], eol: '\n' })],
  ['lines that end in a bare CR', () => invite({ fields: [length(BODY)], eol: '\r' })],
  ['a space in a field name', () => invite({ fields: ['X Y: z', length(BODY)] })],
  ['a NUL in a field', () => invite({ fields: ['X: a\u0000b', length(BODY)] })],
  ['no version', () => invite({ start: 'POST /v2/invite_users', fields: [length(BODY)] })],
  [
    'the version of another protocol',
    () => invite({ start: 'POST /v2/invite_users RTSP/1.0', fields: [length(BODY)] }),
  ],
  ['a version of ICE', () => invite({ start: 'SOURCE /v2/invite_users ICE/1.0', fields: [length(BODY)] })],
  ['two spaces before the target', () => invite({ start: 'POST  /v2/invite_users HTTP/1.1', fields: [length(BODY)] })],
  ['two spaces before the version', () => invite({ start: 'POST /v2/invite_users  HTTP/1.1', fields: [length(BODY)] })],
  ['a tab in the request line', () => invite({ start: 'POST\t/v2/invite_users HTTP/1.1', fields: [length(BODY)] })],
  ['empty lines before it', () => `\r\n\r\n\r\n${invite({ fields: [length(BODY)] })}`],
  ['version 2 over version 1', () => invite({ start: 'POST /v2/invite_users HTTP/2.0', fields: [length(BODY)] })],
  ['the preface of HTTP/2', () => `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${hidden()}`],
  [
    'chunked on version 1.0',
    () =>
      invite({
        start: 'POST /v2/invite_users HTTP/1.0',
        fields: ['Transfer-Encoding: chunked', length(4)],
        body: CHUNKS,
      }),
  ],
  // RFC 9112 §6.1: a reader of version 1.0 in front knows no chunks.
  ...['close', 'keep-alive'].map(
    (connection) =>
      [
        `chunked on version 1.0, without a length (Connection: ${connection})`,
        () =>
          invite({
            start: 'POST /v2/invite_users HTTP/1.0',
            fields: ['Transfer-Encoding: chunked', `Connection: ${connection}`],
            body: `${CHUNKS}${hidden()}`,
          }),
      ] as const,
  ),
];

describe('a request that two readers could read differently', () => {
  it.each(HOSTILE)('(%s) is refused, ends the connection, and invites nobody', async (_, bytes) => {
    const statuses = await send(bytes());
    expect(statuses).toHaveLength(1);
    expect([400, 408]).toContain(statuses[0]);
    expect(reached()).toEqual([]);
    expect(await service.records()).toEqual([]);
    expect(await send(invite({ fields: [length(BODY), 'Connection: close'] }))).toEqual([200]);
  });
});

const get = (target: string, ...fields: string[]): string =>
  `GET ${target} HTTP/1.1\r\nHost: a.example.com\r\nOrigin: ${ALLOWED_ORIGIN}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

/** Node's parser accepts most of them. */
const UNCLEAR: readonly (readonly [name: string, bytes: () => string])[] = [
  // Targets that change when they are normalised.
  ['dot segments', () => get('/x/../livez')],
  ['a dot segment', () => get('/./livez')],
  ['dot segments at the end', () => get('/livez/..')],
  ['encoded dot segments', () => get('/x/%2e%2e/livez')],
  ['half-encoded dot segments', () => get('/x/.%2E/livez')],
  ['dot segments encoded twice', () => get('/x/%252e%252e/livez')],
  ['a backslash', () => get('/x\\..\\livez')],
  ['an encoded backslash', () => get('/x%5c..%5clivez')],
  ['an encoded slash', () => get('/x%2f..%2flivez')],
  ['two slashes', () => get('//livez')],
  ['two slashes inside', () => get('/v2//invite_policy')],
  ['an encoded letter', () => get('/%6civez')],
  ['an encoded NUL', () => get('/livez%00')],
  ['a percent sign without digits', () => get('/livez%')],
  ['an overlong encoding', () => get('/x/%c0%ae%c0%ae/livez')],
  ['a fragment', () => get('/livez#x')],
  ['a fragment in the query', () => get('/livez?a=b#x')],
  ['a fragment alone', () => get('#')],
  ['a character that must be encoded', () => get('/livez|x')],
  ['a target of UTF-8', () => get('/livez\u00c3\u00a9')],
  // Targets of other forms.
  ['an absolute target', () => get('http://a.example.com/livez')],
  ['an absolute target of another host', () => get('http://b.example.com/livez')],
  ['an absolute target of another scheme', () => get('ftp://a.example.com/livez')],
  ['an authority', () => get('a.example.com:80')],
  ['an asterisk', () => get('*').replace('GET', 'OPTIONS')],
  // Hosts.
  ['a Host with a path', () => get('/livez').replace('a.example.com', 'a.example.com/x')],
  ['a Host with a user', () => get('/livez').replace('a.example.com', 'b@a.example.com')],
  ['a Host with spaces', () => get('/livez').replace('a.example.com', 'a example.com')],
  ['a Host that is a list', () => get('/livez').replace('a.example.com', 'a.example.com, b.example.com')],
  ['a Host with a port beyond all ports', () => get('/livez').replace('a.example.com', 'a.example.com:99999')],
  ['an empty Host', () => get('/v2/invite_policy').replace('a.example.com', '')],
  ['two empty Hosts', () => get('/livez', 'Host:').replace('a.example.com', '')],
  ['a second Host', () => get('/livez', 'Host: b.example.com')],
  ['no Host', () => get('/livez').replace('Host: a.example.com\r\n', '')],
  // Transfer codings and expectations.
  ['a coding before chunked', () => get('/livez', 'Transfer-Encoding: gzip, chunked') + CHUNKS],
  [
    'a coding before chunked in another field',
    () => get('/livez', 'Transfer-Encoding: gzip', 'Transfer-Encoding: chunked') + CHUNKS,
  ],
  ['chunked in two fields', () => get('/livez', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') + CHUNKS],
  ['identity before chunked', () => get('/livez', 'Transfer-Encoding: identity, chunked') + CHUNKS],
  ['chunked with a parameter', () => get('/livez', 'Transfer-Encoding: chunked;q=1') + CHUNKS],
  ['an empty coding beside chunked', () => get('/livez', 'Transfer-Encoding: , chunked') + CHUNKS],
  ['an unknown expectation', () => get('/livez', 'Expect: miracles')],
  ['an expectation beside another', () => get('/livez', 'Expect: 100-continue, miracles')],
];

/** Those that Node's parser refuses, so that their Origin is not known. */
const NO_REQUEST = new Set([
  'a target of UTF-8',
  'an authority',
  'a fragment alone',
  'chunked in two fields',
  'chunked with a parameter',
]);

describe('a request that Node would accept', () => {
  it.each(UNCLEAR)('with %s is a 400 like any other, and ends the connection', async (_, bytes) => {
    const text = await sendRaw(`${bytes()}${invite({ fields: [length(BODY)] })}`);
    expect(statusesOf(text.replace('HTTP/1.1 100 Continue', ''))).toEqual([400]);
    expect(text).toMatch(/\r\nx-request-id: [0-9a-f-]{36}\r\n/i);
    expect(text).toMatch(/\r\npolicy-digest: sha256:[0-9a-f]{64}\r\n/i);
    expect(text).toMatch(/\r\nconnection: close\r\n/i);
    expect(text).toMatch(/\r\ncache-control: no-store\r\n/i);
    expect(text).toContain('"code":"malformed_request"');
    expect(reached()).toEqual([]);
  });

  it.each(UNCLEAR.filter(([name]) => !NO_REQUEST.has(name)))(
    'with %s is refused so that a page of an allowed origin can read why, and no other page',
    async (_, bytes) => {
      const allowed = await sendRaw(bytes());
      expect(allowed).toMatch(new RegExp(`\\r\\naccess-control-allow-origin: ${ALLOWED_ORIGIN}\\r\\n`, 'i'));
      const other = await sendRaw(bytes().replace(ALLOWED_ORIGIN, 'https://evil.example.com'));
      expect(other).not.toMatch(/access-control-allow-origin/i);
      expect(statusesOf(other.replace('HTTP/1.1 100 Continue', ''))).toEqual([400]);
    },
  );

  it.each([
    ['for the version alone', 'GET /livez HTTP/1.1\r\nHost: a.example.com:8080\r\nConnection: close\r\n\r\n'],
    ['for an IPv6 host', 'GET /livez HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: close\r\n\r\n'],
    ['of version 1.0 without Host, as probes send it', 'GET /livez HTTP/1.0\r\n\r\n'],
    ['behind one empty line', '\r\nGET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
    [
      'with chunked in capitals',
      `GET /livez HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n0\r\n\r\n`,
    ],
    [
      'with a query that needs no reading',
      'GET /livez?a=%2e%2e/&b=[1]\\ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    ],
    [
      'that waits for 100 Continue',
      'GET /livez HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nConnection: close\r\n\r\n',
    ],
  ])('%s is served', async (_, bytes) => {
    expect(statusesOf((await sendRaw(bytes)).replace('HTTP/1.1 100 Continue', ''))).toEqual([200]);
  });
});

describe('a request that is cut off', () => {
  it.each([
    ['with a Content-Length', () => invite({ fields: [length(BODY.length + 1)] })],
    ['in chunks', () => invite({ fields: ['Transfer-Encoding: chunked'], body: chunk(BODY) })],
    ['before its body', () => invite({ fields: [length(BODY)], body: '' })],
  ])('%s invites nobody', async (_, bytes) => {
    await send(bytes(), { thenEnd: true });
    expect(reached()).toEqual([]);
    expect(await service.records()).toEqual([]);
  });
});

describe('a request that hides in another', () => {
  it.each(['/livez', '/v2/invite_policy', '/nowhere'])('as the body of GET %s stays a body', async (path) => {
    const inside = hidden();
    const outside = invite({ start: `GET ${path} HTTP/1.1`, fields: [length(inside)], body: inside });
    const statuses = await send(outside + FAREWELL);
    expect(statuses).toEqual([expect.any(Number), 200]);
    expect(reached()).toEqual([]);
  });

  it('as the body of an invite is a body that is not JSON', async () => {
    const inside = hidden();
    expect(await send(invite({ fields: [length(inside)], body: inside }) + FAREWELL)).toEqual([422, 200]);
    expect(reached()).toEqual([]);
  });

  it.each(['h2c', 'websocket'])('behind an offer of %s is a request like any other', async (protocol) => {
    const upgrade = ['Connection: Upgrade', `Upgrade: ${protocol}`, length(BODY)];
    expect(await send(invite({ fields: upgrade }) + hidden() + FAREWELL)).toEqual([200, 200, 200]);
    expect(reached()).toEqual(['ann@acme.com', 'eve@acme.com']);
  });

  it('behind CONNECT is not a tunnel', async () => {
    const tunnel = 'CONNECT galileo.example.com:443 HTTP/1.1\r\nHost: galileo.example.com\r\n\r\n';
    expect(await send(`${tunnel}${hidden()}${hidden()}`)).toEqual([400]);
    expect(reached()).toEqual([]);
  });
});

describe('a request that Node would refuse in words of its own', () => {
  it.each([
    ['without Host', 'GET /livez HTTP/1.1\r\n\r\n'],
    ['with two', 'GET /livez HTTP/1.1\r\nHost: a.example.com\r\nHost: b.example.com\r\n\r\n'],
    ['with an unknown expectation', 'GET /livez HTTP/1.1\r\nHost: a.example.com\r\nExpect: miracles\r\n\r\n'],
    ['for a tunnel', 'CONNECT a.example.com:443 HTTP/1.1\r\nHost: a.example.com\r\n\r\n'],
  ])('%s is a 400 like any other, with an id', async (_, bytes) => {
    const text = await sendRaw(bytes);
    expect(statusesOf(text)).toEqual([400]);
    expect(text).toMatch(/x-request-id: [0-9a-f-]{36}/i);
    expect(text).toContain('"code":"malformed_request"');
  });
});

describe('requests that only look suspicious', () => {
  it('in well-formed chunks are one invite', async () => {
    expect(await send(invite({ fields: ['Transfer-Encoding: chunked', 'Connection: close'], body: CHUNKS }))).toEqual([
      200,
    ]);
    expect(reached()).toEqual(['ann@acme.com']);
  });

  it('one behind the other on one connection are each answered, in order', async () => {
    const bad = invite({ fields: [length('{}')], body: '{}' });
    expect(await send(invite({ fields: [length(BODY)] }) + bad + hidden() + FAREWELL)).toEqual([200, 422, 200, 200]);
    expect(reached().toSorted()).toEqual(['ann@acme.com', 'eve@acme.com']);
  });

  it('and have garbage behind them are done once, told so, and end the connection', async () => {
    expect(await send(`${invite({ fields: [length(BODY)] })}\u0000garbage\r\n\r\n${hidden()}`)).toEqual([200]);
    expect(reached()).toEqual(['ann@acme.com']);
  });

  it('and are longer than they say are done as long as they say', async () => {
    expect(await send(`${invite({ fields: [length(BODY)] })}{"emails":["eve@acme.com"]}`)).toEqual([200]);
    expect(reached()).toEqual(['ann@acme.com']);
  });
});
