import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createGalileo, serveGalileo, type Galileo, type ServedGalileo } from '../../../dev/galileo.ts';
import { createHttpClient } from '../../../src/platform/node/http-client/http-client.ts';
import { CURRENT_KEY, fixedSecrets, NEXT_KEY, createSendHarness } from '../../support/upstream.ts';

const ORACLE = new URL('../../../../shared/testdata/upstream-oracle.json', import.meta.url);
const present = existsSync(ORACLE);

interface OracleCase {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly content_type: string | null;
  readonly body_b64: string;
  readonly upstream: {
    readonly status: number;
    readonly detail?: readonly { type: string; loc: (string | number)[] }[] | string;
  };
}

/** Values that Python accepts and JavaScript does not: the stand-in need not support them. */
const PYTHON_ONLY = new Set(['nan', 'infinity_extra', 'utf16le', 'utf32', 'overlong_utf8']);

function invite(...emails: string[]): string {
  return JSON.stringify({ emails });
}

describe('the stand-in Galileo, beside the recorded real server', () => {
  const cases = present ? (JSON.parse(readFileSync(ORACLE, 'utf8')) as { cases: OracleCase[] }).cases : [];

  it.skipIf(!present)('answers every recorded body alike (skipped without the shared test data)', async () => {
    const { app } = createGalileo({ apiKeys: [CURRENT_KEY] });
    for (const one of cases.filter(({ name }) => !PYTHON_ONLY.has(name))) {
      const headers = {
        'galileo-api-key': CURRENT_KEY,
        ...(one.content_type === null ? {} : { 'content-type': one.content_type }),
      };
      const body = one.method === 'GET' ? null : Buffer.from(one.body_b64, 'base64');
      const response = await app.request(`http://galileo.example${one.path}`, { method: one.method, headers, body });
      expect([one.name, response.status]).toEqual([one.name, one.upstream.status]);
      const { detail } = (await response.json()) as OracleCase['upstream'];
      if (!Array.isArray(one.upstream.detail)) continue;
      const brief = (list: readonly { type: string; loc: (string | number)[] }[]) =>
        list.map(({ type, loc }) => [type, ...(type === 'json_invalid' ? loc.slice(0, 1) : loc)]);
      expect([one.name, brief(Array.isArray(detail) ? detail : [])]).toEqual([one.name, brief(one.upstream.detail)]);
    }
  });
});

describe('the stand-in Galileo on a real connection', () => {
  let galileo: ServedGalileo;
  let client: ReturnType<typeof createHttpClient>;
  beforeEach(async () => {
    galileo = await serveGalileo({ port: 0, apiKeys: [CURRENT_KEY, NEXT_KEY] });
    client = createHttpClient();
  });
  afterEach(async () => {
    await client.close();
    await galileo.close();
  });
  const send = (body: string, secrets = fixedSecrets()) =>
    createSendHarness([], { http: client, baseUrl: galileo.url, secrets }).send(body);

  it('receives exactly the bytes that were sent, once', async () => {
    const body = invite('ann@acme.com', 'jürgen@example.com');
    expect(await send(body)).toMatchObject({ kind: 'accepted', status: 200, body: '{"invited":2}' });
    expect(galileo.received).toHaveLength(1);
    expect(galileo.received[0]).toMatchObject({ method: 'POST', path: '/v2/invite_users', body, keyIndex: 0 });
    expect(galileo.received[0]?.sha256).toBe(createHash('sha256').update(body).digest('hex'));
  });

  it('receives the listed fields and no others', async () => {
    await send(invite('ann@acme.com'));
    expect(Object.keys(galileo.received[0]?.headers ?? {}).toSorted()).toEqual(
      [
        'accept',
        'accept-encoding',
        'connection',
        'content-length',
        'content-type',
        'galileo-api-key',
        'host',
        'user-agent',
      ].toSorted(),
    );
  });

  it('refuses a wrong key with 401, and takes the next one with the same bytes', async () => {
    expect(await send(invite('ann@acme.com'), fixedSecrets('a-key-that-is-not-right'))).toMatchObject({
      kind: 'not_sent',
      reason: 'credentials_rejected',
    });
    expect(await send(invite('ann@acme.com'), fixedSecrets('a-key-that-is-not-right', NEXT_KEY))).toMatchObject({
      kind: 'accepted',
    });
    expect(galileo.received.map(({ keyIndex }) => keyIndex)).toEqual([-1, -1, 1]);
    expect(galileo.received[1]?.sha256).toBe(galileo.received[2]?.sha256);
  });

  it.each([
    ['refuse', { kind: 'refused', status: 403, message: 'Inviting this person is not permitted.' }],
    ['invalid', { kind: 'refused', status: 422, errors: [{ type: 'value_error', loc: ['body', 'emails', 0] }] }],
    ['limit', { kind: 'not_sent', reason: 'rate_limited', retryAfterS: 30 }],
    ['break', { kind: 'unknown', reason: 'server_error', upstreamStatus: 500 }],
    ['moved', { kind: 'unknown', reason: 'redirect', upstreamStatus: 307 }],
    ['garbage', { kind: 'unknown', reason: 'unusable_response' }],
    ['echo', { kind: 'refused', status: 403, message: 'Galileo refused the invitation with status 403.' }],
    ['hangup', { kind: 'unknown', reason: 'connection_lost', upstreamStatus: null }],
    ['lost', { kind: 'unknown', reason: 'connection_lost', upstreamStatus: null }],
    ['constructor', { kind: 'accepted' }],
  ])('does as an address at %s@ says, and hears of it once', async (local, ending) => {
    expect(await send(invite('ann@acme.com', `${local}@example.com`))).toMatchObject(ending);
    expect(galileo.received).toHaveLength(1);
  });

  it.each([
    ['before_body', null],
    ['after_body', null],
    ['after_inviting', null],
    ['mid_answer', 200],
  ] as const)('hangs up %s', async (when, upstreamStatus) => {
    galileo.script({ kind: 'hangup', when });
    expect(await send(invite('ann@acme.com'))).toMatchObject({
      kind: 'unknown',
      reason: 'connection_lost',
      upstreamStatus,
    });
    expect(galileo.received).toHaveLength(1);
  });

  it.each(['detail_list', 'detail_string', 'standard_error', 'text', 'success', 'header'] as const)(
    'echoes the key as %s, which never comes out',
    async (shape) => {
      for (const status of [200, 403]) {
        galileo.script({ kind: 'echo', status, shape });
        expect(JSON.stringify(await send(invite('ann@acme.com')))).not.toContain(
          JSON.stringify(CURRENT_KEY).slice(1, 13),
        );
      }
    },
  );

  it('holds an answer until the test lets it go', async () => {
    const release = Promise.withResolvers<void>();
    galileo.script({ kind: 'answer', status: 200, body: { late: true }, after: release.promise });
    const result = send(invite('ann@acme.com'));
    release.resolve();
    expect(await result).toMatchObject({ kind: 'accepted', body: '{"late":true}' });
  });

  it('answers one recipient as scripted, every time', async () => {
    galileo.script({ kind: 'answer', status: 409, body: { detail: 'Already invited' } }, 'bob@acme.com');
    for (let n = 0; n < 2; n += 1)
      expect(await send(invite('bob@acme.com'))).toMatchObject({
        kind: 'refused',
        status: 409,
        message: 'Already invited',
      });
    expect(await send(invite('ann@acme.com'))).toMatchObject({ kind: 'accepted' });
  });
});

describe('the users of the stand-in Galileo', () => {
  const headers = { 'galileo-api-key': CURRENT_KEY, 'content-type': 'application/json' };
  const post = async (galileo: Galileo, path: string, body: unknown, extra: Record<string, string> = {}) =>
    await galileo.app.request(`http://galileo.example${path}`, {
      method: 'POST',
      headers: { ...headers, ...extra },
      body: JSON.stringify(body),
    });
  const filter = (...value: string[]) => ({ filters: [{ name: 'email', operator: 'one_of', value }] });
  async function list(galileo: Galileo, body: unknown = {}, query = ''): Promise<UserList> {
    return (await (await post(galileo, `/v2/users/all${query}`, body)).json()) as UserList;
  }

  it('are those it invited, since when it did, and inviting them again changes nothing', async () => {
    const galileo = createGalileo({ apiKeys: [CURRENT_KEY] });
    galileo.scriptClock(() => Date.UTC(2026, 2, 2, 10));
    await post(galileo, '/v2/invite_users', { emails: ['ann@acme.com', 'bob@acme.com'] });
    galileo.scriptClock(() => Date.UTC(2026, 2, 3, 10));
    await post(galileo, '/v2/invite_users', { emails: ['ann@acme.com'] });
    await post(galileo, '/v2/invite_users', { emails: ['refuse@acme.com'] });
    await post(galileo, '/v2/invite_users', { emails: ['limit@acme.com'] });
    const { users, next_starting_token: next } = await list(galileo);
    expect(users.map(({ email, created_at: at }) => [email, at])).toEqual([
      ['ann@acme.com', '2026-03-02T10:00:00.000000Z'],
      ['bob@acme.com', '2026-03-02T10:00:00.000000Z'],
    ]);
    expect(next).toBeNull();
    expect(galileo.received).toHaveLength(4);
    expect(galileo.lookUps).toHaveLength(1);
  });

  it('come newest first, a page at a time, narrowed by their addresses', async () => {
    const galileo = createGalileo({ apiKeys: [CURRENT_KEY] });
    for (let n = 0; n < 5; n += 1) galileo.createUser(`u${n}@acme.com`, Date.UTC(2026, 2, n + 1));
    const first = await list(galileo, {}, '?starting_token=0&limit=2');
    expect(first.users.map(({ email }) => email)).toEqual(['u4@acme.com', 'u3@acme.com']);
    expect(first.next_starting_token).toBe(2);
    const last = await list(galileo, {}, '?starting_token=4&limit=2');
    expect([last.users.length, last.next_starting_token]).toEqual([1, null]);
    const some = await list(galileo, filter('u1@acme.com', 'U2@acme.com', 'x@acme.com'));
    expect(some.users.map(({ email }) => email)).toEqual(['u1@acme.com']);
  });

  it('are shown to nobody without a key, nor by a filter it does not know', async () => {
    const galileo = createGalileo({ apiKeys: [CURRENT_KEY] });
    expect((await post(galileo, '/v2/users/all', {}, { 'galileo-api-key': 'wrong' })).status).toBe(401);
    const unknown = await post(galileo, '/v2/users/all', {
      filters: [{ name: 'mail', operator: 'one_of', value: [] }],
    });
    expect(unknown.status).toBe(422);
  });
});

interface UserList {
  readonly users: readonly { readonly email: string; readonly created_at: string }[];
  readonly next_starting_token: number | null;
}
