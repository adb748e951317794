/** The stand-in Galileo in process beside the same stand-in on a socket with the real client: both give the same results. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Galileo, ServedGalileo } from '../../dev/galileo.ts';
import { serveGalileo } from '../../dev/galileo.ts';
import type { GalileoStep } from '../../dev/galileo-steps.ts';
import type { HttpClient } from '../../src/platform/node/http-client/http-client.ts';
import { createHttpClient } from '../../src/platform/node/http-client/http-client.ts';
import { schedule } from '../../src/platform/node/runtime.ts';
import type { HttpExchange, HttpPort, HttpResult } from '../../src/ports/http.ts';
import { deadlinesOf } from '../../src/upstream/deadline.ts';
import { CLOSED_PORT } from '../contract/http-port/server.ts';
import { createGalileoInProcess } from '../support/servers/galileo-in-process.ts';

const KEYS = { apiKeys: ['test-key-0f3c9a7e5b1d2468'] };
const BODY = JSON.stringify({ emails: ['ann@acme.com'] });
const OF_THE_CONNECTION = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding']);

let served: ServedGalileo;
let client: HttpClient;
beforeAll(async () => {
  served = await serveGalileo({ port: 0, ...KEYS });
  client = createHttpClient();
});
afterAll(async () => {
  await client.close();
  await served.close();
});

interface Case {
  readonly step?: GalileoStep;
  readonly recipient?: string;
  readonly change?: Partial<HttpExchange>;
}

/** The result without the fields of the connection, and the body as it arrived. */
async function ask(http: HttpPort, galileo: Galileo, url: string, { step, recipient, change }: Case) {
  if (step !== undefined) galileo.script(step);
  const body = recipient === undefined ? BODY : JSON.stringify({ emails: [recipient] });
  const result = await http.exchange({
    ...{ method: 'POST', url: `${url}/v2/invite_users`, body, deadlines: deadlinesOf(5_000), maxResponseBytes: 10_000 },
    headers: { 'Content-Type': 'application/json', 'Galileo-API-Key': KEYS.apiKeys[0] ?? '' },
    ...change,
  });
  return { result: comparable(result), arrived: galileo.received.at(-1)?.sha256 };
}

function comparable(result: HttpResult): unknown {
  if (result.kind !== 'answered') return result;
  const headers = Object.entries(result.headers).filter(([name]) => !OF_THE_CONNECTION.has(name));
  return { ...result, headers: Object.fromEntries(headers), body: new TextDecoder().decode(result.body) };
}

describe('the stand-in Galileo in process', () => {
  it.each<[string, Case]>([
    ['a success', {}],
    ['a wrong key', { change: { headers: { 'Content-Type': 'application/json', 'Galileo-API-Key': 'another' } } }],
    ['a body that it refuses', { change: { body: '{}' } }],
    ...['refuse', 'invalid', 'limit', 'break', 'moved', 'garbage', 'hangup', 'lost'].map((local): [string, Case] => [
      `${local}@`,
      { recipient: `${local}@acme.com` },
    ]),
    ['an answer without a body', { step: { kind: 'answer', status: 204 } }],
    ['a cut before the body', { step: { kind: 'hangup', when: 'before_body' } }],
    ['a cut within the answer', { step: { kind: 'hangup', when: 'mid_answer' } }],
    [
      'an answer that comes too late',
      { step: { kind: 'slow', delayMs: 30_000 }, change: { deadlines: deadlinesOf(50) } },
    ],
    ['an answer that is too large', { change: { maxResponseBytes: 5 } }],
  ])('gives the result of a real connection for %s', async (_name, one) => {
    const inProcess = createGalileoInProcess({ ...KEYS, schedule });
    const real = await ask(client, served, served.url, one);
    expect(await ask(inProcess.http, inProcess, inProcess.url, one)).toEqual(real);
  });

  it('repeats the key where the real one does', async () => {
    const inProcess = createGalileoInProcess({ ...KEYS, schedule });
    inProcess.script({ kind: 'echo', status: 403, shape: 'detail_string' });
    const { result } = await ask(inProcess.http, inProcess, inProcess.url, {});
    expect(JSON.stringify(result)).toContain(KEYS.apiKeys[0]);
  });

  it('is not reached at another origin, as where nothing listens', async () => {
    const inProcess = createGalileoInProcess({ ...KEYS, schedule });
    const elsewhere = { change: { url: `http://127.0.0.1:${String(CLOSED_PORT)}/v2/invite_users` } };
    const { result } = await ask(client, served, '', elsewhere);
    expect((await ask(inProcess.http, inProcess, '', elsewhere)).result).toEqual(result);
    expect(inProcess.received).toEqual([]);
  });
});
