import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import { HttpExchangeHandler } from '../../../../src/platform/node/http-client/http-exchange.ts';
import type { HttpExchange, HttpResult } from '../../../../src/ports/http.ts';
import { countResources } from '../../../support/count-resources.ts';

/** The calls that undici makes during one exchange, made by the test. */
const EXCHANGE: HttpExchange = {
  method: 'POST',
  url: 'http://127.0.0.1/',
  headers: {},
  body: '{}',
  deadlines: { connectMs: 4_000, headersMs: 4_000, bodyMs: 4_000, totalMs: 4_000 },
  maxResponseBytes: 10,
};

function play(deadlines: Partial<HttpExchange['deadlines']> = {}) {
  const results: HttpResult[] = [];
  const ended = Promise.withResolvers<HttpResult>();
  const handler = new HttpExchangeHandler(
    { ...EXCHANGE, deadlines: { ...EXCHANGE.deadlines, ...deadlines } },
    (result) => {
      results.push(result);
      ended.resolve(result);
    },
  );
  return { handler, results, ended: ended.promise };
}

/** Like the controller of undici: abort() reports an error to the handler at once. */
function controller(handler: HttpExchangeHandler) {
  const seen = { aborted: 0 };
  const one = {
    abort(reason: Error) {
      seen.aborted += 1;
      handler.onResponseError(one as unknown as Dispatcher.DispatchController, reason);
    },
  };
  return { seen, controller: one as unknown as Dispatcher.DispatchController };
}

function failure(code: string): Error {
  return Object.assign(new Error('x-key: sesame'), { code });
}

describe('an exchange that undici has not started', () => {
  it.each([
    ['ECONNREFUSED', 'connect_failed'],
    ['ECONNRESET', 'connect_failed'],
    ['EHOSTUNREACH', 'connect_failed'],
    ['UND_ERR_INVALID_ARG', 'connect_failed'],
    ['ETIMEDOUT', 'connect_timeout'],
    ['UND_ERR_CONNECT_TIMEOUT', 'connect_timeout'],
    ['ENOTFOUND', 'name_not_resolved'],
    ['EAI_AGAIN', 'name_not_resolved'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls_failed'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls_failed'],
    ['EPROTO', 'tls_failed'],
    ['CERT_HAS_EXPIRED', 'tls_failed'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_failed'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'tls_failed'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls_failed'],
    ['UND_ERR_CLOSED', 'client_closed'],
    ['UND_ERR_DESTROYED', 'client_closed'],
    ['constructor', 'connect_failed'],
  ])('and that fails with %s was not sent: %s', (code, reason) => {
    const { handler, results } = play();
    handler.onResponseError(null, failure(code));
    expect(results).toEqual([{ kind: 'not_sent', reason }]);
  });

  it('is aborted when it starts after it was said not to be sent', async () => {
    const { handler, results, ended } = play({ connectMs: 1 });
    expect(await ended).toEqual({ kind: 'not_sent', reason: 'connect_timeout' });
    const late = controller(handler);
    handler.onRequestStart(late.controller);
    expect(late.seen.aborted).toBe(1);
    expect(results).toHaveLength(1);
  });
});

describe('an exchange that undici has started', () => {
  it.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'UND_ERR_SOCKET',
    'UND_ERR_CONNECT_TIMEOUT',
    'UND_ERR_CLOSED',
    'ENOTFOUND',
    '',
  ])('and that fails with %j may have been sent', (code) => {
    const { handler, results } = play();
    handler.onRequestStart(controller(handler).controller);
    handler.onResponseError(null, failure(code));
    expect(results).toEqual([{ kind: 'maybe_sent', reason: 'connection_lost', status: null }]);
  });

  it('is not started a second time on another connection', () => {
    const { handler, results } = play();
    handler.onRequestStart(controller(handler).controller);
    const again = controller(handler);
    handler.onRequestStart(again.controller);
    expect(again.seen.aborted).toBe(1);
    expect(results).toEqual([{ kind: 'maybe_sent', reason: 'connection_lost', status: null }]);
  });

  it('ends once, whatever comes after', () => {
    const { handler, results } = play();
    const one = controller(handler);
    handler.onRequestStart(one.controller);
    handler.onResponseStart(one.controller, 200, { 'X-A': ['1', '2'] });
    handler.onResponseData(one.controller, Buffer.from('{}'));
    handler.onResponseEnd();
    handler.onResponseError(one.controller, failure('ECONNRESET'));
    handler.onResponseEnd();
    expect(results).toEqual([{ kind: 'answered', status: 200, headers: { 'x-a': '1, 2' }, body: Buffer.from('{}') }]);
    expect(one.seen.aborted).toBe(0);
  });

  it('has one timer for all of its phases', async () => {
    const counts = await countResources(() => {
      const { handler, results } = play({ connectMs: 3_000 });
      const one = controller(handler);
      handler.onRequestStart(one.controller);
      handler.onResponseStart(one.controller, 200, {});
      handler.onResponseData(one.controller, Buffer.from('{}'));
      handler.onResponseEnd();
      expect(results).toHaveLength(1);
    });
    expect(counts.get('Timeout')).toBe(1);
  });

  it.each<[string, Partial<HttpExchange['deadlines']>, number]>([
    ['its own limit where the phase before it had a shorter one', { connectMs: 1, headersMs: 30 }, 30],
    ['its own limit where the phase before it had a longer one', { connectMs: 4_000, headersMs: 5 }, 5],
    ['the limit of the whole exchange', { connectMs: 1, headersMs: 4_000, totalMs: 20 }, 20],
  ])('gives a phase %s', async (_, deadlines, endsAfterMs) => {
    const startedMs = performance.now();
    const { handler, ended } = play(deadlines);
    handler.onRequestStart(controller(handler).controller);
    expect(await ended).toEqual({ kind: 'maybe_sent', reason: 'timeout', status: null });
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(endsAfterMs);
  });

  it('keeps no chunk of an answer but the first, so that one byte a chunk costs no more memory than one chunk', () => {
    const { handler, results } = play();
    const one = controller(handler);
    handler.onRequestStart(one.controller);
    handler.onResponseStart(one.controller, 200, {});
    const chunk = Buffer.alloc(1);
    for (const letter of '{}') {
      chunk.write(letter);
      handler.onResponseData(one.controller, letter === '{' ? Buffer.from(chunk) : chunk);
    }
    handler.onResponseEnd();
    const body = new TextEncoder().encode('{}');
    expect(results).toEqual([{ kind: 'answered', status: 200, headers: {}, body }]);
  });

  it('is cut off as soon as its answer is too large', () => {
    const { handler, results } = play();
    const one = controller(handler);
    handler.onRequestStart(one.controller);
    handler.onResponseStart(one.controller, 200, {});
    handler.onResponseData(one.controller, Buffer.alloc(10));
    expect(results).toEqual([]);
    handler.onResponseData(one.controller, Buffer.alloc(1));
    expect(results).toEqual([{ kind: 'maybe_sent', reason: 'response_too_large', status: 200 }]);
    expect(one.seen.aborted).toBe(1);
  });
});
