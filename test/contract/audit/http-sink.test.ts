import { afterEach, describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import { createHttpSink } from '../../../src/audit/delivery/http-sink.ts';
import type { HttpSinkDeps } from '../../../src/audit/delivery/http-sink.ts';
import { SinkError } from '../../../src/audit/delivery/sink.ts';
import type { OutboxItem } from '../../../src/audit/delivery/sink.ts';
import { createHttpClient } from '../../../src/platform/node/http-client/http-client.ts';
import type { Deadlines, HttpPort } from '../../../src/ports/http.ts';
import { auditItems } from '../../support/audit/audit-items.ts';
import { createFakeClock, TEST_TIME_MS, testUuid7 } from '../../support/clock.ts';
import type { Answer } from '../../support/servers/collector.ts';
import { serveCollector, status } from '../../support/servers/collector.ts';
import { AMPLE, SHORT_MS } from '../http-port/http-port.contract.ts';
import { CLOSED_PORT } from '../http-port/server.ts';

const TOKEN = 'collector-token-5f0c2b7a91';

const clients: { close(): Promise<void>; cut(): void }[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) {
    client.cut();
    await client.close();
  }
});

function sinkTo(url: string, changes: Partial<HttpSinkDeps> = {}) {
  const http = createHttpClient({ maxConnectionsPerOrigin: 2 });
  clients.push(http);
  return createHttpSink({
    http,
    clock: createFakeClock(),
    schedule: createFakeClock(),
    url,
    format: 'native',
    source: 'https://invites.example.com',
    userAgent: 'galileo-invite-proxy/0.0.0',
    intake: 'ndjson',
    token: async () => TOKEN,
    headers: async () => ({}),
    onRefused: () => expect.unreachable(),
    ...changes,
  });
}

async function failureOf(writing: Promise<void>): Promise<SinkError> {
  const error = await writing.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SinkError)) throw new Error('was no SinkError');
  return error;
}

describe('the http sink', () => {
  it('posts the lines of a batch as NDJSON in gzip, verbatim and in order', async () => {
    const collector = await serveCollector(status(204));
    const items = await auditItems();
    await sinkTo(`${collector.url}/audit?stream=invites`).write(items);
    const [batch] = collector.received;
    expect(batch).toMatchObject({ method: 'POST', path: '/audit?stream=invites' });
    expect(batch?.headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'content-encoding': 'gzip',
      'content-length': String(batch?.bytes.length),
      'user-agent': 'galileo-invite-proxy/0.0.0',
    });
    expect(batch?.headers['transfer-encoding']).toBeUndefined();
    expect(batch?.text).toBe(items.map(({ line }) => `${line}\n`).join(''));
    expect(verifyChain(batch?.text.trim().split('\n').slice(0, -1) ?? []).kind).toBe('intact');
  });

  it('describes the batch as one CloudEvent in binary mode', async () => {
    const collector = await serveCollector(status(200));
    await sinkTo(collector.url).write(await auditItems());
    const described = Object.entries(collector.received[0]?.headers ?? {}).filter(([name]) => name.startsWith('ce-'));
    expect(Object.fromEntries(described)).toEqual({
      'ce-specversion': '1.0',
      'ce-type': 'galileo-invite-proxy.audit.batch.v1',
      'ce-source': 'https://invites.example.com',
      'ce-id': `${testUuid7(1)}.${testUuid7(4)}`,
      'ce-time': new Date(TEST_TIME_MS + 4_000).toISOString(),
      'ce-auditformat': 'native',
      'ce-firstseq': '1',
      'ce-lastseq': '3',
    });
  });

  it('sends a batch again with the same bytes and the same id, and another one with another', async () => {
    const collector = await serveCollector(status(500), status(204));
    const sink = sinkTo(collector.url);
    const items = await auditItems();
    await failureOf(sink.write(items));
    await sink.write(items);
    await sink.write(items.slice(1));
    const [first, again, other] = collector.received;
    expect(again?.bytes.equals(first?.bytes ?? Buffer.alloc(0))).toBe(true);
    expect(again?.headers['ce-id']).toBe(first?.headers['ce-id']);
    expect(other?.headers['ce-id']).not.toBe(first?.headers['ce-id']);
  });

  it('sends OCSF lines when asked, each with its native text', async () => {
    const collector = await serveCollector(status(202));
    const items = await auditItems();
    await sinkTo(collector.url, { format: 'ocsf' }).write(items);
    const lines = collector.received[0]?.text.trimEnd().split('\n') ?? [];
    expect(lines.map((line) => (JSON.parse(line) as { raw_data: string }).raw_data)).toEqual(
      items.map(({ line }) => line),
    );
    expect(collector.received[0]?.headers['ce-auditformat']).toBe('ocsf');
  });

  it('asks for the token before every batch, so that a rotated one is used at once', async () => {
    const collector = await serveCollector(status(401), status(204));
    const tokens = ['old-token', 'new-token'];
    const sink = sinkTo(collector.url, { token: async () => tokens.shift() ?? null });
    const items = await auditItems();
    expect((await failureOf(sink.write(items))).reason).toBe('credentials_rejected');
    await sink.write(items);
    await sink.write(items);
    expect(collector.received.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer old-token',
      'Bearer new-token',
      undefined,
    ]);
  });

  it('sends nothing when there is no token to be had, and tells nothing of why', async () => {
    const collector = await serveCollector(status(204));
    const sink = sinkTo(collector.url, { token: () => Promise.reject(new Error(`held ${TOKEN}`)) });
    const error = await failureOf(sink.write(await auditItems()));
    expect([error.reason, error.message, error.cause]).toEqual(['token_unavailable', 'token_unavailable', undefined]);
    expect(collector.received).toEqual([]);
  });

  it('asks nobody for an empty batch', async () => {
    await sinkTo(`http://127.0.0.1:${String(CLOSED_PORT)}`).write([]);
  });
});

describe('what the http sink makes of an answer', () => {
  const cutHalfWay: Answer = (response) => {
    response.writeHead(200, { 'content-length': '100' }).write('half');
    response.socket?.end();
  };
  const cutPageOf =
    (code: number): Answer =>
    (response) => {
      response.writeHead(code, { 'content-length': '100' }).write('half');
      response.socket?.end();
    };
  const cutBeforeAnswer: Answer = (_response, request) => void request.socket.resetAndDestroy();

  it.each<[name: string, answer: Answer, reason: string, retryAfterMs: number | null]>([
    ['a rejected token', status(401), 'credentials_rejected', null],
    ['a forbidden one', status(403), 'credentials_rejected', null],
    ['no such place', status(404), 'wrong_address', null],
    ['no such method', status(405), 'wrong_address', null],
    ['a slow request', status(408), 'timeout', null],
    ['an unknown form', status(415), 'refused', null],
    ['the page of a sign-in', status(200, {}, '\n<!DOCTYPE html><title>Sign in</title>'), 'wrong_address', null],
    [
      'the page of a sign-in that begins with a comment',
      status(200, {}, '\r\n\r\n<!-- Copyright (C) 2026. All rights reserved. -->\r\n<!DOCTYPE html>\r\n<html></html>'),
      'wrong_address',
      null,
    ],
    ['a batch that is too large', status(413), 'too_large', null],
    ['a rate limit', status(429), 'rate_limited', null],
    ['a rate limit with seconds', status(429, { 'retry-after': '7' }), 'rate_limited', 7_000],
    [
      'a rate limit with a date',
      status(429, { 'retry-after': 'Mon, 02 Mar 2026 10:01:30 GMT' }),
      'rate_limited',
      90_000,
    ],
    ['an unreadable wait', status(429, { 'retry-after': 'soon' }), 'rate_limited', null],
    ['an error of its own', status(500, { 'retry-after': '7' }), 'server_error', null],
    ['a pause', status(503, { 'retry-after': '120' }), 'server_error', 120_000],
    ['a connection cut half way', cutHalfWay, 'connection_lost', null],
    ['a connection cut before it', cutBeforeAnswer, 'connection_lost', null],
    ['a long page about a size', status(413, {}, 'x'.repeat(300_000)), 'too_large', null],
    ['a long page about a token', status(401, {}, 'x'.repeat(300_000)), 'credentials_rejected', null],
    ['a page about a size that is cut', cutPageOf(413), 'too_large', null],
    ['a page about a fault that is cut', cutPageOf(502), 'server_error', null],
    ['an endless page', status(200, {}, 'x'.repeat(300_000)), 'unreadable_answer', null],
  ])('%s is no acknowledgement', async (_name, answer, reason, retryAfterMs) => {
    const collector = await serveCollector(answer);
    const error = await failureOf(sinkTo(collector.url).write(await auditItems()));
    expect({ reason: error.reason, retryAfterMs: error.retryAfterMs }).toEqual({ reason, retryAfterMs });
    expect(collector.received).toHaveLength(1);
  });

  it.each([200, 201, 202, 204])('%d is one', async (code) => {
    const collector = await serveCollector(status(code));
    await sinkTo(collector.url).write(await auditItems());
    expect(collector.received).toHaveLength(1);
  });

  it.each([400, 422])('%d is tried with fewer items before it counts for all of them', async (code) => {
    const collector = await serveCollector(status(code));
    const error = await failureOf(sinkTo(collector.url).write(await auditItems()));
    expect(error.reason).toBe('content_refused');
    const lines = collector.received.map(({ text }) => text.trimEnd().split('\n').length);
    // The last request holds the stand-in of the first item: where that is refused, too, no item is at fault.
    expect(lines).toEqual([4, 2, 1, 1]);
    expect(collector.received.at(-1)?.text).toContain('"kind":"not_taken"');
  });

  it.each([301, 302, 303, 307, 308])('%d is refused, and nothing goes to the other place', async (code) => {
    const elsewhere = await serveCollector(status(204));
    const collector = await serveCollector(status(code, { location: `${elsewhere.url}/audit` }));
    const error = await failureOf(sinkTo(collector.url).write(await auditItems()));
    expect(error.reason).toBe('wrong_address');
    expect(elsewhere.received).toEqual([]);
  });

  it('none within the time is a timeout', async () => {
    const collector = await serveCollector(() => {});
    const client = createHttpClient();
    clients.push(client);
    const asked: Deadlines[] = [];
    const http: HttpPort = {
      exchange(request) {
        asked.push(request.deadlines);
        // Only the timeout for the response is short, so the result is the same on a slow machine.
        return client.exchange({ ...request, deadlines: { ...AMPLE, headersMs: SHORT_MS } });
      },
    };
    const sink = sinkTo(collector.url, { http, timeoutMs: 9_000 });
    expect((await failureOf(sink.write(await auditItems()))).reason).toBe('timeout');
    expect(asked).toEqual([{ connectMs: 9_000, headersMs: 9_000, bodyMs: 9_000, totalMs: 9_000 }]);
  });

  it('nobody there is unreachable', async () => {
    const sink = sinkTo(`http://127.0.0.1:${String(CLOSED_PORT)}/audit`);
    expect((await failureOf(sink.write(await auditItems()))).reason).toBe('unreachable');
  });

  it('no failure holds a token, an address or the URL’s query', async () => {
    const items: readonly OutboxItem[] = await auditItems();
    const answers = [cutHalfWay, cutBeforeAnswer, ...[302, 401, 413, 429, 500].map((code) => status(code))];
    const collector = await serveCollector(...answers);
    const sink = sinkTo(`${collector.url}/audit?key=sesame-sesame`);
    for (const _ of answers) {
      const { message, stack, cause } = await failureOf(sink.write(items));
      const reported = [message, stack, JSON.stringify(cause)].join(' ');
      for (const secret of [TOKEN, 'sesame', '@acme.com']) expect(reported).not.toContain(secret);
    }
  });
});
