import { describe, expect, it } from 'vitest';
import { CURRENT_USER } from '../../../dev/galileo.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { createKeySearch, fingerprint } from '../../../src/upstream/api-keys.ts';
import type { Credential } from '../../../src/upstream/credentials.ts';
import { createAskCurrentUser } from '../../../src/upstream/current-user.ts';
import { deadlinesOf } from '../../../src/upstream/deadline.ts';
import type { HttpResult } from '../../../src/ports/http.ts';
import { disguises } from '../../support/key-disguises.ts';
import { answered, CURRENT_KEY, scriptHttp } from '../../support/upstream.ts';

const key = new Secret(CURRENT_KEY);
const credential = {
  ...{ scheme: 'api_key', slot: 'current', fingerprint: fingerprint(key), secret: key },
  keyHeader: 'Galileo-API-Key',
} as const satisfies Credential;

function harness(result: HttpResult, baseUrl = 'https://api.galileo.ai') {
  const http = scriptHttp(result);
  const ask = createAskCurrentUser({
    http,
    baseUrl,
    deadlines: deadlinesOf(5000),
    version: '0.0.0-test',
  });
  return { http, ask: () => ask(credential, createKeySearch([key])) };
}

const ask = (result: HttpResult) => harness(result).ask();

describe('asking who the key belongs to', () => {
  it('is one GET with the key in its own field and nothing else of ours', async () => {
    const { http, ask: askOnce } = harness(answered(200, CURRENT_USER), 'https://api.galileo.ai/eu/');
    await askOnce();
    expect(http.exchanges).toEqual([
      {
        method: 'GET',
        url: 'https://api.galileo.ai/eu/v2/current_user',
        headers: {
          accept: 'application/json',
          'accept-encoding': 'identity',
          'user-agent': 'galileo-invite-proxy/0.0.0-test',
          'Galileo-API-Key': CURRENT_KEY,
        },
        body: null,
        deadlines: deadlinesOf(5000),
        maxResponseBytes: 512 * 1024,
      },
    ]);
  });

  it('reads role and granted permissions of the documented answer, and nothing else', async () => {
    expect(await ask(answered(200, CURRENT_USER))).toEqual({
      kind: 'accepted',
      role: 'admin',
      permissions: ['update'],
    });
  });

  it.each([
    ['without permissions', { id: '1', role: 'user' }, 'user', []],
    ['without a role', { id: '1' }, null, []],
    ['with a role of null', { id: '1', role: null }, null, []],
    ['with a role that is no word', { id: '1', role: 'Ann Smith <ann@acme.com>' }, null, []],
    ['with a role that is an object', { id: '1', role: { name: 'admin' } }, null, []],
    ['with a role nobody knows yet', { id: '1', role: 'owner' }, 'owner', []],
    ['with more members than documented', { ...CURRENT_USER, extra: { a: 1 } }, 'admin', ['update']],
    [
      'with odd permissions among good ones',
      {
        id: '1',
        role: 'admin',
        permissions: [
          { action: 'update', allowed: true },
          'x',
          null,
          { action: 'A@b.c', allowed: true },
          { action: 'delete' },
        ],
        generic_permissions: [{ action: 'invite', allowed: true }],
      },
      'admin',
      ['invite', 'update'],
    ],
    ['with permissions of another shape', { id: '1', role: 'admin', permissions: { update: true } }, 'admin', []],
  ])('is tolerant of an answer %s', async (_, body, role, permissions) => {
    expect(await ask(answered(200, body))).toEqual({ kind: 'accepted', role, permissions });
  });

  it.each([
    ['HTML', '<h1>Sign in</h1>', 'not_json'],
    ['nothing', '', 'not_json'],
    ['a list', [], 'other_shape'],
    ['null', 'null', 'other_shape'],
    ['an object that is no user', { status: 'ok' }, 'other_shape'],
  ])('says that %s is not what is documented', async (_, body, reason) => {
    expect(await ask(answered(200, body))).toEqual({ kind: 'unreadable', status: 200, reason });
  });

  it.each([
    [401, { kind: 'rejected', status: 401 }],
    [403, { kind: 'rejected', status: 403 }],
    [307, { kind: 'other_status', status: 307 }],
    [404, { kind: 'other_status', status: 404 }],
    [429, { kind: 'other_status', status: 429 }],
    [503, { kind: 'other_status', status: 503 }],
  ])('tells a %s by its status alone', async (status, expected) => {
    expect(await ask(answered(status, { detail: 'ann@acme.com' }, { location: 'https://elsewhere.example' }))).toEqual(
      expected,
    );
  });

  it.each([
    ['a router', answered(404, { detail: 'Not Found' }), 404],
    ['a server of another host', answered(421), 421],
    ['a sign-in page', answered(200, '<!DOCTYPE html><p>Sign in', { 'content-type': 'text/html' }), 200],
  ])('says that %s is not Galileo’s API', async (_, result, status) => {
    expect(await ask(result)).toEqual({ kind: 'wrong_address', status });
  });

  it('tells why there was no answer', async () => {
    expect(await ask({ kind: 'maybe_sent', reason: 'timeout', status: null })).toEqual({
      kind: 'unanswered',
      reason: 'timeout',
    });
  });

  it.each(disguises(CURRENT_KEY))('takes no word from an answer that holds the key: %s', async (_, text) => {
    const body = { id: text, role: 'admin', permissions: [] };
    expect(await ask(answered(200, body))).toEqual({ kind: 'unreadable', status: 200, reason: 'holds_key' });
  });

  it('is refused when built with an address that is unfit', () => {
    const deps = { http: scriptHttp(), deadlines: deadlinesOf(1), version: '0' };
    for (const unfit of [{ baseUrl: 'ftp://api.galileo.ai' }, { baseUrl: 'https://u:p@api.galileo.ai' }])
      expect(() => createAskCurrentUser({ ...deps, ...unfit })).toThrow(TypeError);
  });
});
