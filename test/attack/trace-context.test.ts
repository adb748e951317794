/**
 * Trace contexts of a hostile caller, written byte by byte to the real listener of a service that passes them on to
 * Galileo over a real connection: they reach neither a log line nor a request to Galileo but as a trace context of
 * version 00, and they never block an invite.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { schedule } from '../../src/platform/node/runtime.ts';
import type { Listener } from '../../src/platform/node/http-server/listener.ts';
import { listen } from '../../src/platform/node/http-server/listener.ts';
import { createTestRefusals } from '../support/refusals.ts';
import { openRaw, statusesOf } from '../support/servers/raw-http.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { SCHEME_UNDER_TEST } from '../support/sign-in.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const GIVEN = `00-${TRACE}-b7ad6b7169203331-01`;
const OTHER = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-00`;
const BODY = '{"emails":["ann@acme.com"]}';
const CREDENTIAL = SCHEME_UNDER_TEST === 'api_key' ? 'galileo-api-key' : 'authorization';
const FIELDS_FOR_GALILEO = new RegExp(
  `^(?:accept|accept-encoding|connection|content-length|content-type|${CREDENTIAL}|host|traceparent|tracestate|user-agent)$`,
);

let service: TestService;
let listener: Listener;
let token = '';

beforeEach(async () => {
  service = await startTestService({ galileo: 'served', settings: { TRACE_UPSTREAM: true } });
  token = await service.token();
  const { logger, metrics } = service.deps;
  listener = await listen(service.app.fetch, {
    ...{ name: 'public', host: '127.0.0.1', port: 0, refuse: createTestRefusals(), logger, metrics, schedule },
  });
});
afterEach(() => listener.close());

/** Sends an invite with these further lines of the header section. Returns the statuses of the answers. */
async function inviteWith(lines: readonly string[], { chunked }: { readonly chunked?: string } = {}) {
  const raw = openRaw(listener.port);
  const framing =
    chunked === undefined
      ? [`Content-Length: ${String(BODY.length)}`, '', BODY]
      : ['Transfer-Encoding: chunked', '', chunked];
  raw.write(
    [
      'POST /v2/invite_users HTTP/1.1',
      'Host: proxy.example.com',
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      'Connection: close',
      ...lines,
      ...framing,
    ].join('\r\n'),
  );
  return statusesOf(await raw.closed);
}

/** What every request to Galileo and every log line must be, whatever was sent. */
function expectNothingForged(): void {
  for (const { headers } of service.galileo.received) {
    expect(Object.keys(headers).filter((name) => !FIELDS_FOR_GALILEO.test(name))).toEqual([]);
    expect(headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/);
    expect(headers['tracestate'] ?? 'a=1').toMatch(/^[\x20-\x7e]{1,512}$/);
  }
  for (const line of service.logLines) {
    expect(line).not.toMatch(/\p{Cc}/u);
    expect((JSON.parse(line) as { trace_id?: string }).trace_id ?? TRACE).toMatch(/^[0-9a-f]{32}$/);
  }
}

describe('a hostile trace context', () => {
  it.each<readonly [string, readonly string[]]>([
    ['twice', [`traceparent: ${GIVEN}`, `traceparent: ${OTHER}`]],
    ['twice, in two spellings', [`traceparent: ${GIVEN}`, `TraceParent: ${GIVEN}`]],
    ['of 10,000 characters', [`traceparent: 01-${GIVEN.slice(3)}-${'a'.repeat(10_000)}`]],
    ['with a log line inside', ['traceparent: {"level":"info","event":"http_request","trace_id":"1"}']],
    ['with an escape sequence of a terminal', [`traceparent: ${GIVEN}\\u001b[2J`]],
    ['with a byte beyond ASCII', [`traceparent: ${GIVEN}\u00e9`]],
    ['with a tab inside', [`traceparent: 00-${TRACE}\t-b7ad6b7169203331-01`]],
    ['with encoded line ends', [`traceparent: ${GIVEN}%0d%0aGalileo-API-Key:%20mine`]],
    ['under a name that looks like it', [`trace-parent: ${GIVEN}`, `traceparent_: ${GIVEN}`]],
  ])('%s counts as absent, and the invite is sent', async (_what, lines) => {
    expect(await inviteWith(lines)).toEqual([200]);
    expect(service.galileo.received).toHaveLength(1);
    expect(JSON.stringify(service.galileo.received[0]?.headers)).not.toContain(TRACE);
    expect(service.logLines.join('\n')).not.toContain(TRACE);
    expectNothingForged();
  });

  it.each<readonly [string, readonly string[]]>([
    ['of 8 kB', [`tracestate: ${'a=1,'.repeat(2_000)}`]],
    ['with encoded line ends', ['tracestate: a=1%0d%0aX-Evil:1']],
    ['in many fields', Array.from({ length: 40 }, (_, n) => `tracestate: v${String(n)}=1`)],
    ['with a field inside', ['tracestate: a=1; Galileo-API-Key: mine']],
    ['with a byte beyond ASCII', ['tracestate: a=\u00e9']],
  ])('with a tracestate %s gets through as its traceparent, and at most as text of a value', async (_what, lines) => {
    expect(await inviteWith([`traceparent: ${GIVEN}`, ...lines])).toEqual([200]);
    expect(service.galileo.received.map(({ headers }) => headers['traceparent'])).toEqual([GIVEN]);
    expect(service.galileo.received[0]?.keyIndex).toBe(0);
    expectNothingForged();
  });

  it('behind a chunked body, as a trailer, is not read', async () => {
    const size = BODY.length.toString(16);
    const chunked = `${size}\r\n${BODY}\r\n0\r\ntraceparent: ${GIVEN}\r\n\r\n`;
    expect(await inviteWith(['Trailer: traceparent'], { chunked })).toEqual([200]);
    expect(JSON.stringify(service.galileo.received[0]?.headers)).not.toContain(TRACE);
    expectNothingForged();
  });

  it.each([
    ['a bare carriage return', `${GIVEN}\rGalileo-API-Key: mine`],
    ['a folded line', `${GIVEN}\r\n Galileo-API-Key: mine`],
    ['a NUL', `${GIVEN}\0`],
  ])('with %s is no HTTP: the listener refuses it, and nothing is sent', async (_what, value) => {
    expect(await inviteWith([`traceparent: ${value}`])).toEqual([400]);
    expect(service.galileo.received).toEqual([]);
    expectNothingForged();
  });
});
