import { afterEach, describe, expect, it } from 'vitest';
import { createOtlpSink } from '../../../src/audit/delivery/otlp-sink.ts';
import type { OtlpSinkDeps } from '../../../src/audit/delivery/otlp-sink.ts';
import { SinkError } from '../../../src/audit/delivery/sink.ts';
import { createHttpClient } from '../../../src/platform/node/http-client/http-client.ts';
import { auditItems } from '../../support/audit/audit-items.ts';
import { createFakeClock } from '../../support/clock.ts';
import { serveCollector, status } from '../../support/servers/collector.ts';

const clients: { close(): Promise<void>; cut(): void }[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) {
    client.cut();
    await client.close();
  }
});

function sinkTo(url: string, changes: Partial<OtlpSinkDeps> = {}) {
  const http = createHttpClient({ maxConnectionsPerOrigin: 2 });
  clients.push(http);
  return createOtlpSink({
    http,
    clock: createFakeClock(),
    schedule: createFakeClock(),
    url: `${url}/v1/logs`,
    format: 'native',
    resource: { 'service.name': 'invites' },
    scope: { name: 'galileo-invite-proxy', version: '0.0.0' },
    compression: 'none',
    timeoutMs: 10_000,
    userAgent: 'galileo-invite-proxy/0.0.0',
    headers: async () => ({ 'api-key': 'otlp-secret-41d8' }),
    onRefused: () => expect.unreachable(),
    ...changes,
  });
}

async function reasonOf(writing: Promise<void>): Promise<unknown> {
  return await writing.then(
    () => 'acknowledged',
    (error: unknown) => (error instanceof SinkError ? error.reason : error),
  );
}

const answer = (body: string, code = 200) => status(code, { 'content-type': 'application/json' }, body);

describe('the otlp sink', () => {
  it('posts one log record an item to the logs endpoint, with the configured fields', async () => {
    const collector = await serveCollector(answer('{}'));
    const items = await auditItems();
    await sinkTo(collector.url).write(items);
    const [batch] = collector.received;
    expect(batch).toMatchObject({ method: 'POST', path: '/v1/logs' });
    expect(batch?.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'galileo-invite-proxy/0.0.0',
      'api-key': 'otlp-secret-41d8',
    });
    expect(batch?.headers['content-encoding']).toBeUndefined();
    const request = JSON.parse(batch?.text ?? '') as {
      resourceLogs: { scopeLogs: { logRecords: { body: { stringValue: string } }[] }[] }[];
    };
    expect(request.resourceLogs[0]?.scopeLogs[0]?.logRecords.map(({ body }) => body.stringValue)).toEqual(
      items.map(({ line }) => line),
    );
  });

  it('sends the same in gzip when asked', async () => {
    const collector = await serveCollector(answer('{}'));
    const items = await auditItems();
    await sinkTo(collector.url).write(items);
    await sinkTo(collector.url, { compression: 'gzip' }).write(items);
    const [plain, packed] = collector.received;
    expect(packed?.headers['content-encoding']).toBe('gzip');
    expect(packed?.text).toBe(plain?.text);
  });

  it('asks for the fields before every batch, and sends nothing without them', async () => {
    const collector = await serveCollector(answer('{}'));
    const keys = ['old', 'new'];
    const sink = sinkTo(collector.url, {
      async headers() {
        const key = keys.shift();
        if (key === undefined) throw new Error('the store is gone');
        return { 'api-key': key };
      },
    });
    const items = await auditItems();
    const reasons = [];
    for (let n = 0; n < 3; n += 1) reasons.push(await reasonOf(sink.write(items)));
    expect(reasons).toEqual(['acknowledged', 'acknowledged', 'token_unavailable']);
    expect(collector.received.map(({ headers }) => headers['api-key'])).toEqual(['old', 'new']);
  });

  it('sends no empty request', async () => {
    const collector = await serveCollector(answer('{}'));
    await sinkTo(collector.url).write([]);
    expect(collector.received).toEqual([]);
  });

  it.each([
    ['an empty object', '{}', 'acknowledged'],
    ['an empty body', '', 'acknowledged'],
    ['no partial success', '{"partialSuccess":null}', 'acknowledged'],
    ['a warning', '{"partialSuccess":{"errorMessage":"slow down"}}', 'acknowledged'],
    ['a warning that counts none', '{"partialSuccess":{"rejectedLogRecords":"0","errorMessage":"x"}}', 'acknowledged'],
    ['one rejected, as text', '{"partialSuccess":{"rejectedLogRecords":"1"}}', 'partly_refused'],
    ['one rejected, as a number', '{"partialSuccess":{"rejectedLogRecords":1}}', 'partly_refused'],
    ['fewer than none rejected', '{"partialSuccess":{"rejectedLogRecords":"-1"}}', 'partly_refused'],
    ['names in snake_case', '{"partial_success":{"rejected_log_records":"3"}}', 'partly_refused'],
    ['a count in snake_case', '{"partialSuccess":{"rejected_log_records":"3"}}', 'partly_refused'],
    ['a count that is none', '{"partialSuccess":{"rejectedLogRecords":"many"}}', 'partly_refused'],
    ['a failure in place of an answer', '{"code":8,"message":"queue full"}', 'refused'],
    ['a status of its own', '{"code":200,"message":"ok"}', 'acknowledged'],
    ['more members', '{"partialSuccess":{"rejectedLogRecords":"0","details":[]},"took":3}', 'acknowledged'],
    ['other members', '{"status":"ok","request_id":"7f"}', 'acknowledged'],
    ['a text', 'OK', 'acknowledged'],
    ['a list', '[]', 'acknowledged'],
    ['a page', '<html>welcome</html>', 'wrong_address'],
  ])('reads %s as it is meant', async (_name, body, reason) => {
    const collector = await serveCollector(answer(body));
    expect(await reasonOf(sinkTo(collector.url).write(await auditItems()))).toBe(reason);
  });

  it.each([
    ['nothing', '', 'acknowledged'],
    ['a partial success that rejects none', '0a020800', 'acknowledged'],
    ['a partial success that rejects three, with a message', '0a0708031203616263', 'partly_refused'],
    ['a message alone', '0a051203616263', 'acknowledged'],
    ['fields that a later version adds', '10010a020800', 'acknowledged'],
    ['a count below zero', '0a0b08ffffffffffffffffff01', 'partly_refused'],
    ['what is cut', '0a070803', 'acknowledged'],
    ['what is no protobuf', 'ffffffffffffffffffffffff', 'acknowledged'],
  ])('reads an answer in protobuf, although it asked for JSON: %s', async (_name, hex, reason) => {
    const collector = await serveCollector((response) =>
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(Buffer.from(hex, 'hex')),
    );
    expect(await reasonOf(sinkTo(collector.url).write(await auditItems()))).toBe(reason);
  });

  it.each([
    [400, 'content_refused'],
    [401, 'credentials_rejected'],
    [413, 'too_large'],
    [429, 'rate_limited'],
    [502, 'server_error'],
  ])('takes no %d for an acknowledgement, whatever its body says', async (code, reason) => {
    const collector = await serveCollector(answer('{}', code));
    expect(await reasonOf(sinkTo(collector.url).write(await auditItems()))).toBe(reason);
  });
});
