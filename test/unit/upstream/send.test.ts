import { describe, expect, it } from 'vitest';

import type { HttpResult } from '../../../src/ports/http.ts';
import { answered, createSendHarness, CURRENT_KEY, fixedSecrets, NEXT_KEY } from '../../support/upstream.ts';

const BODY = '{"auth_method":"email","emails":["ann@acme.com"],"role":"user","group_ids":[],"send_email":true}';
const REFUSED_CONNECTION: HttpResult = { kind: 'not_sent', reason: 'connect_failed' };
const CUT: HttpResult = { kind: 'maybe_sent', reason: 'connection_lost', status: null };
const WRONG_KEY = answered(401, { detail: 'Invalid credentials' });
const both = { secrets: fixedSecrets(CURRENT_KEY, NEXT_KEY) };

describe('sending an invitation', () => {
  it('builds the request from the allow-list and nothing else', async () => {
    const harness = createSendHarness([answered(200)]);
    await harness.send(BODY);
    expect(harness.http.exchanges).toEqual([
      {
        method: 'POST',
        url: 'https://galileo.example/v2/invite_users',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          'accept-encoding': 'identity',
          'user-agent': 'galileo-invite-proxy/0.0.0-test',
          'Galileo-API-Key': CURRENT_KEY,
        },
        body: BODY,
        deadlines: { connectMs: 3_000, headersMs: 15_000, bodyMs: 15_000, totalMs: 15_000 },
        maxResponseBytes: 524_288,
      },
    ]);
  });

  it('hands the upstream’s JSON on untouched and records the attempt', async () => {
    const { send } = createSendHarness([answered(201, ' {"b":1, "a":1.0}\n')]);
    expect(await send(BODY)).toEqual({
      kind: 'accepted',
      status: 201,
      body: ' {"b":1, "a":1.0}\n',
      withheld: null,
      attempts: [
        {
          slot: 'current',
          key_fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/),
          result: 'answered',
          status: 201,
          duration_ms: 0,
        },
      ],
    });
  });
});

describe('sending again', () => {
  it('happens once when the port proves that no byte left', async () => {
    const harness = createSendHarness([REFUSED_CONNECTION, answered(200)]);
    expect(await harness.send(BODY)).toMatchObject({
      kind: 'accepted',
      attempts: [
        { result: 'not_sent', reason: 'connect_failed' },
        { result: 'answered', status: 200 },
      ],
    });
  });

  it('happens no second time', async () => {
    const harness = createSendHarness([REFUSED_CONNECTION, REFUSED_CONNECTION, answered(200)]);
    expect(await harness.send(BODY)).toMatchObject({
      kind: 'not_sent',
      reason: 'connect_failed',
      upstreamStatus: null,
    });
    expect(harness.http.exchanges).toHaveLength(2);
  });

  it('does not happen when our own client is closing', async () => {
    const harness = createSendHarness([{ kind: 'not_sent', reason: 'client_closed' }, answered(200)]);
    expect(await harness.send(BODY)).toMatchObject({ kind: 'not_sent', reason: 'client_closed' });
    expect(harness.http.exchanges).toHaveLength(1);
  });

  it.each([
    ['a cut connection', CUT],
    ['a timeout', { kind: 'maybe_sent', reason: 'timeout', status: 200 }],
    ['bad HTTP', { kind: 'maybe_sent', reason: 'protocol_error', status: null }],
    ['an answer that is too large', { kind: 'maybe_sent', reason: 'response_too_large', status: 200 }],
    ['a redirect', answered(307, '', { location: '/v2/invite_users/' })],
    ['a request timeout', answered(408)],
    ['a server error', answered(500)],
    ['a gateway error', answered(503, '', { 'retry-after': '1' })],
    ['a rate limit', answered(429, '', { 'retry-after': '1' })],
    ['a refusal', answered(422)],
    ['a 403', answered(403)],
    ['an unreadable success', answered(200, '<html>')],
    ['a success', answered(200)],
  ] satisfies [string, HttpResult][])('never happens after %s, with two keys either', async (_name, result) => {
    const harness = createSendHarness([result, answered(200)], both);
    await harness.send(BODY);
    expect(harness.http.exchanges).toHaveLength(1);
  });

  it('never happens after the port itself threw', async () => {
    const harness = createSendHarness([new Error('boom'), answered(200)], both);
    const result = await harness.send(BODY);
    expect(result).toMatchObject({
      kind: 'unknown',
      reason: 'interrupted',
      attempts: [{ result: 'maybe_sent', reason: 'interrupted' }],
    });
    expect(harness.http.exchanges).toHaveLength(1);
  });
});

describe('the next key', () => {
  it('is tried once, with identical bytes, after a complete 401', async () => {
    const harness = createSendHarness([WRONG_KEY, answered(200)], both);
    const result = await harness.send(BODY);
    expect(result).toMatchObject({
      kind: 'accepted',
      attempts: [
        { slot: 'current', status: 401 },
        { slot: 'next', status: 200 },
      ],
    });
    expect(harness.http.exchanges.map((exchange) => exchange.body)).toEqual([BODY, BODY]);
    expect(harness.http.exchanges.map((exchange) => exchange.headers['Galileo-API-Key'])).toEqual([
      CURRENT_KEY,
      NEXT_KEY,
    ]);
    expect(new Set(result.attempts.map((attempt) => attempt.key_fingerprint)).size).toBe(2);
  });

  it('leaves nothing sent when it is rejected too', async () => {
    const harness = createSendHarness([WRONG_KEY, WRONG_KEY], both);
    expect(await harness.send(BODY)).toMatchObject({
      kind: 'not_sent',
      reason: 'credentials_rejected',
      upstreamStatus: 401,
    });
    expect(harness.logger.lines.filter((line) => line.event === 'upstream_key_rejected')).toHaveLength(2);
  });

  it('leaves the outcome unknown when its own attempt is cut', async () => {
    const harness = createSendHarness([WRONG_KEY, CUT], both);
    expect(await harness.send(BODY)).toMatchObject({ kind: 'unknown', reason: 'connection_lost' });
  });

  it('leaves nothing sent when it cannot connect, and still names the 401', async () => {
    const harness = createSendHarness([WRONG_KEY, REFUSED_CONNECTION, REFUSED_CONNECTION], both);
    expect(await harness.send(BODY)).toMatchObject({ kind: 'not_sent', reason: 'connect_failed', upstreamStatus: 401 });
  });

  it('is not tried after a 401 that was cut', async () => {
    const harness = createSendHarness(
      [{ kind: 'maybe_sent', reason: 'connection_lost', status: 401 }, answered(200)],
      both,
    );
    expect(await harness.send(BODY)).toMatchObject({ kind: 'unknown', reason: 'connection_lost', upstreamStatus: 401 });
    expect(harness.http.exchanges).toHaveLength(1);
  });

  it('is not tried when it is the same key', async () => {
    const harness = createSendHarness([WRONG_KEY, answered(200)], { secrets: fixedSecrets(CURRENT_KEY, CURRENT_KEY) });
    expect(await harness.send(BODY)).toMatchObject({ kind: 'not_sent', reason: 'credentials_rejected' });
  });

  it('shares the one reconnection with the current key', async () => {
    const harness = createSendHarness([REFUSED_CONNECTION, WRONG_KEY, REFUSED_CONNECTION, answered(200)], both);
    expect(await harness.send(BODY)).toMatchObject({ kind: 'not_sent', reason: 'connect_failed' });
    expect(harness.http.exchanges).toHaveLength(3);
  });
});

describe('the whole deadline', () => {
  it('is shared by all attempts', async () => {
    const harness = createSendHarness(
      [
        () => {
          harness.clock.advance(14_000);
          return WRONG_KEY;
        },
        answered(200),
      ],
      both,
    );
    await harness.send(BODY);
    expect(harness.http.exchanges[1]?.deadlines).toEqual({
      connectMs: 1_000,
      headersMs: 1_000,
      bodyMs: 1_000,
      totalMs: 1_000,
    });
  });

  it('leaves the first attempt’s ending when no time is left for another', async () => {
    const harness = createSendHarness(
      [
        () => {
          harness.clock.advance(15_000);
          return WRONG_KEY;
        },
        answered(200),
      ],
      both,
    );
    expect(await harness.send(BODY)).toMatchObject({ kind: 'not_sent', reason: 'credentials_rejected' });
    expect(harness.http.exchanges).toHaveLength(1);
  });
});

describe('what goes wrong inside', () => {
  it('sends nothing without a key', async () => {
    const harness = createSendHarness([], { secrets: { galileoKeys: () => Promise.reject(new Error(CURRENT_KEY)) } });
    expect(await harness.send(BODY)).toEqual({
      kind: 'not_sent',
      reason: 'key_unavailable',
      upstreamStatus: null,
      retryAfterS: null,
      attempts: [],
    });
    expect(JSON.stringify(harness.logger.lines)).not.toContain(CURRENT_KEY);
  });

  it('does not let a failing logger or meter change what is known', async () => {
    const fail = () => {
      throw new Error('disk full');
    };
    const harness = createSendHarness([WRONG_KEY, answered(200)], {
      ...both,
      logger: { debug: fail, info: fail, warn: fail, error: fail },
      metrics: { count: fail, observe: fail },
    });
    expect(await harness.send(BODY)).toMatchObject({ kind: 'accepted' });
  });

  it.each([
    '',
    'ftp://galileo.example',
    'https://user:pass@galileo.example',
    'https://galileo.example/?a=1',
    'https://galileo.example/#x',
  ])('refuses the upstream address %j when built, without repeating it', (baseUrl) => {
    const build = () => createSendHarness([], { baseUrl });
    expect(build).toThrow(TypeError);
    expect(build).not.toThrow(/galileo\.example|pass/);
  });

  it.each(['', 'Host', 'content-length', 'two words', 'a:b', 'x\r\ny'])(
    'refuses the key header %j when built',
    (keyHeader) => {
      expect(() => createSendHarness([], { keyHeader })).toThrow(TypeError);
    },
  );
});

describe('the breaker around sending', () => {
  it('sends nothing while open and says when to come back', async () => {
    const harness = createSendHarness([CUT, CUT, CUT, CUT, CUT, answered(200)]);
    for (let n = 0; n < 5; n += 1) await harness.send(BODY);
    expect(await harness.send(BODY)).toEqual({
      kind: 'not_sent',
      reason: 'breaker_open',
      upstreamStatus: null,
      retryAfterS: 10,
      attempts: [],
    });
    expect(harness.http.exchanges).toHaveLength(5);
    harness.clock.advance(10_000);
    expect(await harness.send(BODY)).toMatchObject({ kind: 'accepted' });
    expect(harness.breaker.state()).toBe('closed');
  });

  it.each([
    ['refusals', answered(422)],
    ['rate limits', answered(429)],
    ['rejected keys', WRONG_KEY],
    ['a wrong address', answered(404, 'Not Found')],
    ['a proxy on the way out', answered(407)],
  ])('is not opened by %s', async (_name, result) => {
    const harness = createSendHarness(Array.from({ length: 9 }, () => result));
    for (let n = 0; n < 9; n += 1) await harness.send(BODY);
    expect(harness.breaker.state()).toBe('closed');
    expect(harness.http.exchanges).toHaveLength(9);
  });

  it('is opened by failures although refusals come between', async () => {
    const harness = createSendHarness([CUT, answered(422), CUT, answered(500), answered(403), CUT, answered(408)]);
    for (let n = 0; n < 7; n += 1) await harness.send(BODY);
    expect(harness.breaker.state()).toBe('open');
  });
});
