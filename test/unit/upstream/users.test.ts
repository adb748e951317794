import { describe, expect, it } from 'vitest';
import type { HttpResult } from '../../../src/ports/http.ts';
import { deadlinesOf } from '../../../src/upstream/deadline.ts';
import { createAskUsers } from '../../../src/upstream/users.ts';
import { disguises } from '../../support/key-disguises.ts';
import {
  answered,
  apiKeyCredentials,
  CURRENT_KEY,
  fixedSecrets,
  NEXT_KEY,
  scriptHttp,
} from '../../support/upstream.ts';

const SINCE = '2026-03-02T10:00:01.250000Z';

function harness(steps: readonly HttpResult[], changes: Partial<Parameters<typeof createAskUsers>[0]> = {}) {
  const http = scriptHttp(...steps);
  const ask = createAskUsers({
    http,
    credentials: apiKeyCredentials(),
    baseUrl: 'https://api.galileo.ai',
    deadlines: deadlinesOf(5000),
    version: '0.0.0-test',
    ...changes,
  });
  return { http, ask, bodies: () => http.exchanges.map(({ body }) => JSON.parse(String(body)) as unknown) };
}

const user = (email: string, createdAt: unknown = SINCE) => ({ id: '1', email, created_at: createdAt, role: 'user' });
const page = (users: readonly unknown[], next: number | null = null) =>
  answered(200, { starting_token: 0, limit: 100, paginated: false, next_starting_token: next, users });

describe('asking Galileo about users', () => {
  it('is one POST with the addresses in a filter and the key in its own field', async () => {
    const { http, ask } = harness([page([user('ann@acme.com')])], { baseUrl: 'https://api.galileo.ai/eu/' });
    expect(await ask(['ann@acme.com', 'bob@acme.com'])).toEqual({
      kind: 'answered',
      users: [
        { email: 'ann@acme.com', createdAt: SINCE },
        { email: 'bob@acme.com', createdAt: null },
      ],
    });
    expect(http.exchanges).toEqual([
      {
        method: 'POST',
        url: 'https://api.galileo.ai/eu/v2/users/all?starting_token=0&limit=100',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          'accept-encoding': 'identity',
          'user-agent': 'galileo-invite-proxy/0.0.0-test',
          'Galileo-API-Key': CURRENT_KEY,
        },
        body: '{"filters":[{"name":"email","operator":"one_of","value":["ann@acme.com","bob@acme.com"]}]}',
        deadlines: deadlinesOf(5000),
        maxResponseBytes: 512 * 1024,
      },
    ]);
  });

  it('asks for both spellings of an address, and ignores case in the answer', async () => {
    const { ask, bodies } = harness([page([user('ann@acme.com')])]);
    expect(await ask(['Ann@Acme.com'])).toEqual({
      kind: 'answered',
      users: [{ email: 'Ann@Acme.com', createdAt: SINCE }],
    });
    expect(bodies()).toMatchObject([{ filters: [{ value: ['Ann@Acme.com', 'ann@acme.com'] }] }]);
  });

  it('asks for at most a hundred addresses at once', async () => {
    const emails = Array.from({ length: 201 }, (_, n) => `u${n}@acme.com`);
    const { ask, bodies } = harness([page([user('u0@acme.com')]), page([user('u150@acme.com')]), page([])]);
    const answer = await ask(emails);
    expect(answer).toMatchObject({ kind: 'answered' });
    const known = answer.kind === 'answered' ? answer.users.filter(({ createdAt }) => createdAt !== null) : [];
    expect(known.map(({ email }) => email)).toEqual(['u0@acme.com', 'u150@acme.com']);
    const lengths = (bodies() as { filters: [{ value: unknown[] }] }[]).map(({ filters }) => filters[0].value.length);
    expect(lengths).toEqual([100, 100, 1]);
  });

  it('reads the list page by page to its end', async () => {
    const { ask, http } = harness([page([user('ann@acme.com')], 100), page([user('bob@acme.com')], 200), page([])]);
    expect(await ask(['bob@acme.com'])).toMatchObject({ users: [{ createdAt: SINCE }] });
    expect(http.exchanges.map(({ url }) => new URL(url).searchParams.get('starting_token'))).toEqual([
      '0',
      '100',
      '200',
    ]);
  });

  it('gives a list up that has no end, or goes backwards', async () => {
    const endless = Array.from({ length: 10 }, (_, n) => page([], (n + 1) * 100));
    expect(await harness(endless).ask(['ann@acme.com'])).toMatchObject({ kind: 'unanswered', reason: 'list_too_long' });
    expect(await harness([page([], 0)]).ask(['ann@acme.com'])).toMatchObject({ reason: 'other_shape' });
  });

  it.each([
    ['none', undefined],
    ['null', null],
    ['a number', 1772445601],
    ['a time without an offset, which is no instant', '2026-03-02T10:00:01'],
    ['a day', '2026-03-02'],
    ['a time that does not exist', '2026-13-02T10:00:01Z'],
    ['words', 'yesterday, by ann@acme.com'],
  ])('does not know a user whose time is %s', async (_, createdAt) => {
    const { ask } = harness([page([{ id: '1', email: 'ann@acme.com', created_at: createdAt }])]);
    expect(await ask(['ann@acme.com'])).toMatchObject({ users: [{ email: 'ann@acme.com', createdAt: null }] });
  });

  it.each(['2026-03-02T10:00:01Z', '2026-03-02t10:00:01.123456789z', '2026-03-02T11:00:01.5+01:00'])(
    'takes %s as it is',
    async (createdAt) => {
      const { ask } = harness([page([user('ann@acme.com', createdAt)])]);
      expect(await ask(['ann@acme.com'])).toMatchObject({ users: [{ createdAt }] });
    },
  );

  it('counts the older of two users with one address, and one of unknown age as older than any', async () => {
    const two = (one: unknown, other: unknown) =>
      harness([page([user('Ann@acme.com', one), user('ann@acme.com', other)])]).ask(['ann@acme.com']);
    expect(await two('2026-03-02T10:00:02Z', SINCE)).toMatchObject({ users: [{ createdAt: SINCE }] });
    expect(await two(SINCE, '2026-03-02T10:00:02Z')).toMatchObject({ users: [{ createdAt: SINCE }] });
    expect(await two(SINCE, null)).toMatchObject({ users: [{ createdAt: null }] });
    expect(await two(null, SINCE)).toMatchObject({ users: [{ createdAt: null }] });
  });

  it('skips whatever is no user, and users nobody asked for', async () => {
    const { ask } = harness([page([null, 'x', { id: '2' }, user('stranger@acme.com'), user('ann@acme.com')])]);
    expect(await ask(['ann@acme.com'])).toEqual({
      kind: 'answered',
      users: [{ email: 'ann@acme.com', createdAt: SINCE }],
    });
  });

  it.each<[HttpResult, string, number | null]>([
    [{ kind: 'not_sent', reason: 'connect_failed' }, 'connect_failed', null],
    [{ kind: 'maybe_sent', reason: 'timeout', status: null }, 'timeout', null],
    [{ kind: 'maybe_sent', reason: 'response_too_large', status: 200 }, 'response_too_large', null],
    [answered(401, {}), 'credentials_rejected', 401],
    [answered(403, {}), 'credentials_rejected', 403],
    [answered(404, {}), 'other_status', 404],
    [answered(422, { detail: 'ann@acme.com' }), 'other_status', 422],
    [answered(503, {}), 'other_status', 503],
    [answered(200, '<h1>Sign in</h1>'), 'not_json', 200],
    [answered(200, []), 'other_shape', 200],
    [answered(200, { users: {} }), 'other_shape', 200],
    [answered(200, { users: [], next_starting_token: 'x' }), 'other_shape', 200],
  ])('has no answer in %j: %s', async (result, reason, status) => {
    expect(await harness([result]).ask(['ann@acme.com'])).toEqual({ kind: 'unanswered', reason, status });
  });

  it('has no answer when one of several questions got none', async () => {
    const emails = Array.from({ length: 101 }, (_, n) => `u${n}@acme.com`);
    expect(await harness([page([]), answered(500, {})]).ask(emails)).toMatchObject({ kind: 'unanswered' });
  });

  it.each(disguises(CURRENT_KEY))('takes no word from an answer that holds the key: %s', async (_, text) => {
    const { ask } = harness([page([user('ann@acme.com'), { id: text, email: text, created_at: text }])]);
    expect(await ask(['ann@acme.com'])).toEqual({ kind: 'unanswered', reason: 'holds_key', status: 200 });
  });

  it('asks with the next key when the current one is turned away, and looks for both in the answer', async () => {
    const credentials = apiKeyCredentials(fixedSecrets(CURRENT_KEY, NEXT_KEY));
    const { http, ask } = harness([answered(401, {}), page([user('ann@acme.com')])], { credentials });
    expect(await ask(['ann@acme.com'])).toMatchObject({ kind: 'answered' });
    expect(http.exchanges.map(({ headers }) => headers['Galileo-API-Key'])).toEqual([CURRENT_KEY, NEXT_KEY]);
    const leaks = harness([page([user(NEXT_KEY)])], { credentials });
    expect(await leaks.ask(['ann@acme.com'])).toMatchObject({ reason: 'holds_key' });
  });

  it('never throws: neither for a key that cannot be read, nor for a port that does', async () => {
    const credentials = apiKeyCredentials({ galileoKeys: () => Promise.reject(new Error(CURRENT_KEY)) });
    expect(await harness([], { credentials }).ask(['ann@acme.com'])).toMatchObject({ reason: 'key_unavailable' });
    const http = { exchange: () => Promise.reject(new Error(CURRENT_KEY)) };
    expect(await harness([], { http }).ask(['ann@acme.com'])).toEqual({
      kind: 'unanswered',
      reason: 'interrupted',
      status: null,
    });
  });

  it('is refused when built with an address that is unfit', () => {
    expect(() => harness([], { baseUrl: 'ftp://api.galileo.ai' })).toThrow(TypeError);
  });
});
