import { describe, expect, it } from 'vitest';

import { guardResponse, type Answered } from '../../../src/upstream/response-guard.ts';
import { TEST_TIME_MS } from '../../support/clock.ts';
import { answered } from '../../support/upstream.ts';

const context = { holdsKey: () => false, nowMs: TEST_TIME_MS };

function guard(status: number, body?: unknown, headers?: Record<string, string>) {
  return guardResponse(answered(status, body, headers) as Answered, context);
}

describe('a complete 2xx', () => {
  it.each([200, 201, 202, 204, 205, 299])('%i with an empty body is accepted and stays empty', (status) => {
    expect(guard(status, '', { 'content-type': '' })).toEqual({ kind: 'accepted', status, body: '', withheld: null });
  });

  it.each(['text/html', 'text/html; charset=utf-8'])('with an empty body that says %s is unusable', (type) => {
    expect(guard(200, '', { 'content-type': type })).toMatchObject({ kind: 'unknown', reason: 'unusable_response' });
    expect(guard(204, '', { 'content-type': type })).toMatchObject({ kind: 'accepted', body: '' });
  });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/problem+json',
    'application/vnd.api+json;v=1',
    // As gateways that add the field a second time.
    'application/json, application/json',
    'application/json; charset=utf-8, application/json',
    'application/json; title="a, b/c\\", d"',
    'application/json; charset="utf-8',
  ])('is accepted as JSON when it says %s', (type) => {
    expect(guard(200, 'null', { 'content-type': type })).toMatchObject({ kind: 'accepted', body: 'null' });
  });

  it.each([
    ['text/html', '{}'],
    ['text/json', '{}'],
    ['application/jsonp', '{}'],
    ['application/json, text/html', '{}'],
    ['text/html, application/json', '{}'],
    ['', '{}'],
    ['application/json', '<h1>Back soon</h1>'],
    ['application/json', '{"a":'],
    ['application/json', ' '],
  ])('that says %j and holds %j is unusable, so its outcome is unknown', (type, body) => {
    expect(guard(200, body, { 'content-type': type })).toEqual({
      kind: 'unknown',
      reason: 'unusable_response',
      upstreamStatus: 200,
    });
  });

  it('that is not UTF-8 is unusable', () => {
    const answer: Answered = {
      kind: 'answered',
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: Uint8Array.of(0x22, 0xff, 0x22),
    };
    expect(guardResponse(answer, context)).toMatchObject({ kind: 'unknown', reason: 'unusable_response' });
  });
});

describe('every other status', () => {
  it.each([
    [101, 'unusable_response'],
    [300, 'redirect'],
    [302, 'redirect'],
    [304, 'redirect'],
    [307, 'redirect'],
    [408, 'request_timeout'],
    [500, 'server_error'],
    [503, 'server_error'],
    [599, 'server_error'],
    [600, 'unusable_response'],
    [999, 'unusable_response'],
  ])('%i is unknown: %s', (status, reason) => {
    expect(guard(status)).toEqual({ kind: 'unknown', reason, upstreamStatus: status });
  });

  it.each([400, 402, 403, 404, 405, 409, 410, 413, 418, 422, 425, 451, 499])('%i is a refusal', (status) => {
    expect(guard(status)).toMatchObject({ kind: 'refused', status });
  });

  it('401 is our own key’s failure, and nothing was sent', () => {
    expect(guard(401)).toEqual({
      kind: 'not_sent',
      reason: 'credentials_rejected',
      upstreamStatus: 401,
      retryAfterS: null,
    });
  });

  it('407 is a proxy on our way out, and nothing was sent', () => {
    expect(guard(407, { detail: 'Proxy Authentication Required' })).toEqual({
      kind: 'not_sent',
      reason: 'egress_refused',
      upstreamStatus: 407,
      retryAfterS: null,
    });
  });

  it.each([
    [404, { detail: 'Not Found' }],
    [404, { detail: 'not found. ' }],
    [404, { message: 'Not Found' }],
    [404, { error: 'Not Found' }],
    [404, 'Not Found'],
    [404, '<h1>404</h1>'],
    [404, ''],
    [405, { detail: 'Method Not Allowed' }],
    [405, { detail: 'Method "POST" not allowed.' }],
    [405, '<h1>405</h1>'],
    [400, '<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>'],
    [400, '<html>\r\n<head><title>400 No required SSL certificate was sent</title></head></html>'],
    [495, ''],
    [496, ''],
    [497, ''],
    [404, { detail: '404: Not Found' }],
    [404, { message: 'no Route matched with those values' }],
    [404, { error_msg: '404 Route Not Found' }],
    [404, { type: 'about:blank', title: 'Not Found', status: 404, detail: 'No static resource v2/invite_users.' }],
    [404, { code: 5, message: 'Method does not exist.', details: [] }],
    [404, '"Not Found"'],
    [404, '[]'],
    [421, '<h1>421 Misdirected Request</h1>'],
    [421, {}],
    [426, 'Upgrade Required'],
  ])('%i with %j comes from no handler of Galileo’s, so our address is wrong and nothing was sent', (status, body) => {
    expect(guard(status, body)).toEqual({
      kind: 'not_sent',
      reason: 'wrong_address',
      upstreamStatus: status,
      retryAfterS: null,
    });
  });

  it.each([
    [404, { detail: 'Group not found' }],
    [404, { detail: [{ type: 'x', loc: ['body'], msg: 'Not Found' }] }],
    [404, { standard_error: { message: 'Not Found' } }],
    [404, { standard_error: { message: 'No such group' }, message: 'Not Found' }],
    [404, { detail: { message: 'No such group' } }],
    [405, { detail: 'Not allowed for this role' }],
    [405, { detail: 'Method "POST" not allowed for this role.' }],
    [400, { detail: 'The plain HTTP request was sent to HTTPS port' }],
    [400, '<html><head><title>400 Bad Request</title></head></html>'],
    [400, 'The plain HTTP request was sent to HTTPS port'],
    [403, { detail: 'Not Found' }],
    [410, '<h1>gone</h1>'],
  ])('%i with %j is a refusal by Galileo', (status, body) => {
    expect(guard(status, body)).toMatchObject({ kind: 'refused', status });
  });

  it.each([
    ['30', 30],
    ['0', 1],
    ['99999999999999999999', 86_400],
    ['Mon, 02 Mar 2026 10:00:45 GMT', 45],
    ['Mon, 02 Mar 2026 09:00:00 GMT', 1],
    ['Mon, 02 Mar 2099 09:00:00 GMT', 86_400],
    ['Mon, 99 Foo 2026 09:00:00 GMT', null],
    ['soon', null],
    ['-1', null],
    ['1.5', null],
    ['2026-03-02', null],
    ['30, 60', null],
    ['', null],
  ])('429 with Retry-After %j asks for %j seconds', (field, retryAfterS) => {
    expect(guard(429, {}, { 'retry-after': field })).toEqual({
      kind: 'not_sent',
      reason: 'rate_limited',
      upstreamStatus: 429,
      retryAfterS,
    });
  });
});

describe('a refusal’s message', () => {
  const fixed = 'Galileo refused the invitation with status 422.';

  it('comes from a detail list, without input and ctx', () => {
    const detail = [
      {
        type: 'uuid_parsing',
        loc: ['body', 'group_ids', 0],
        msg: 'Input should be a valid UUID',
        input: 'ann@acme.com',
        ctx: { error: 'x' },
      },
    ];
    expect(guard(422, { detail })).toEqual({
      kind: 'refused',
      status: 422,
      message: 'group_ids, entry 1: Input should be a valid UUID',
      errors: [{ type: 'uuid_parsing', loc: ['body', 'group_ids', 0], msg: 'Input should be a valid UUID' }],
    });
  });

  it('names three entries of a long list and counts the rest', () => {
    const detail = Array.from({ length: 9 }, (_, n) => ({ type: 'x', loc: ['body', n], msg: 'bad' }));
    expect(guard(422, { detail })).toMatchObject({ message: 'entry 1: bad; entry 2: bad; entry 3: bad; and 6 more' });
  });

  it('lists 50 entries of a long list and counts the rest', () => {
    const detail = Array.from({ length: 9_000 }, (_, n) => ({ type: 'x', loc: ['body', n], msg: 'bad' }));
    const result = guard(422, { detail: [...detail.slice(0, 60), 'unreadable', ...detail.slice(60)] });
    expect(result).toMatchObject({ errors: detail.slice(0, 50), omittedErrors: 8_950 });
    expect(guard(422, { detail: detail.slice(0, 50) })).not.toHaveProperty('omittedErrors');
  });

  it('comes from a detail string, on 422 too', () => {
    expect(guard(422, { detail: 'Seat limit reached' })).toMatchObject({ message: 'Seat limit reached', errors: null });
  });

  it('comes from standard_error', () => {
    expect(guard(403, { standard_error: { message: 'Not an admin', error_code: 7 } })).toMatchObject({
      message: 'Not an admin',
      errors: null,
    });
  });

  it.each([
    ['not JSON', '<h1>Forbidden</h1>'],
    ['empty', ''],
    ['of no known shape', { error: 'x' }],
    ['a list', ['x']],
    ['null', 'null'],
    ['a detail object', { detail: { message: 'x' } }],
    ['a detail list of nothing readable', { detail: [1, null, { msg: 2 }] }],
    ['only control characters', { detail: '\u0000\u001b\u202e' }],
    ['a standard_error without a message', { standard_error: {} }],
  ])('is a fixed sentence when the body is %s', (_name, body) => {
    expect(guard(422, body)).toEqual({ kind: 'refused', status: 422, message: fixed, errors: null });
  });

  it('loses control, format and direction characters and line breaks', () => {
    expect(guard(422, { detail: 'a\u0000b\u001b[31m\r\nc\u202ed\u200be\u2028f\u{e0041}' })).toMatchObject({
      message: 'ab[31m cde f',
    });
  });

  it.each([
    'ann@acme.com',
    '"ann"@acme.com',
    'ann@@acme',
    'mailto:ann%40acme.com',
    '<ann@acme.com>',
    'a\u200bnn@acme.com',
  ])('does not repeat the address %j', (address) => {
    const result = JSON.stringify([
      guard(422, { detail: `cannot invite ${address} now` }),
      guard(422, { detail: [{ type: 'x', loc: ['body', address], msg: `bad ${address}` }] }),
      guard(422, { standard_error: { message: address } }),
    ]);
    expect(result).not.toMatch(/@|%40|acme/);
    expect(result).toContain('[address]');
  });

  it('is at most 500 characters and never half of one', () => {
    const result = guard(422, { detail: '😀'.repeat(400) });
    const message = result.kind === 'refused' ? result.message : '';
    expect(message.length).toBeLessThanOrEqual(500);
    expect(message.isWellFormed()).toBe(true);
    expect(message.endsWith('…')).toBe(true);
  });

  it('reads a hostile megabyte without falling behind', () => {
    const result = guard(422, { detail: 'a@'.repeat(500_000) });
    expect(result).toMatchObject({ message: '[address]' });
  });
});
