import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { AppEnv } from '../../../src/middleware/app-env.ts';
import { inOrder } from '../../../src/middleware/in-order.ts';
import { bodyLimit } from '../../../src/middleware/limits/body-limit.ts';
import { readStrictly, validateInvite } from '../../../src/middleware/validation/validate-invite.ts';
import { refSchedule } from '../../../src/platform/node/runtime.ts';
import { postInvite } from './invite-app.ts';

const GOOD = { emails: ['ann@acme.com'] };

describe('reading a request to invite', () => {
  it('passes the checked request on, and the very text that was checked', async () => {
    const text = ' {"emails" : ["Ann@acme.com"]} ';
    const answer = await postInvite(text);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      acted_on: { auth_method: 'email', emails: ['Ann@acme.com'], role: 'user', group_ids: [], send_email: true },
      dry_run: false,
      text,
    });
  });

  it('gives every later reader the text that was checked, whatever the body cache holds besides', async () => {
    const app = new Hono<AppEnv>();
    const swapped = new TextEncoder().encode('{"emails":["eve@rival.io"]}').buffer;
    app.use(inOrder(bodyLimit({ schedule: refSchedule, readBody: undefined })));
    app.post('/', inOrder(readStrictly), async (c, next) => {
      c.req.bodyCache.arrayBuffer = Promise.resolve(swapped) as unknown as ArrayBuffer;
      await next();
    });
    app.post('/', inOrder(validateInvite), (c) => c.json(c.get('asked').emails));
    const headers = { 'Content-Type': 'application/json' };
    const response = await app.request('/', { method: 'POST', headers, body: JSON.stringify(GOOD) });
    expect(await response.json()).toEqual(GOOD.emails);
  });

  it("answers a wrong one in the upstream's shape, with our members beside the list", async () => {
    const answer = await postInvite({});
    expect(answer.status).toBe(422);
    expect(answer.contentType).toBe('application/json');
    expect(answer.body).toEqual({
      detail: [{ type: 'missing', loc: ['body', 'emails'], msg: 'Field required' }],
      code: 'invalid_request',
      origin: 'proxy',
      request_id: '0190a5d4-0000-7000-8000-000000000001',
    });
  });

  it.each([
    ['an absent body', ''],
    ['null', 'null'],
  ])('calls %s missing', async (_, body) => {
    const answer = await postInvite(body);
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toEqual([{ type: 'missing', loc: ['body'], msg: 'Field required' }]);
  });

  it.each([
    'application/json',
    'Application/JSON',
    'application/json;charset=utf-8',
    'application/json ; charset=UTF-8',
    'application/json; charset="utf-8"',
    'application/vnd.api+json',
    'application/problem+json; charset=utf-8',
    'application/json; version=2',
    'application/json;',
    'application/json ;; charset=utf-8 ; ',
    'application/json; charset=utf-8; charset="UTF-8"',
    'application/json; charset=utf8',
    'application/json; charset="\\u\\t\\f-8"',
    'application/json; profile="a;charset=latin1"',
    'application/json;odata.metadata=minimal;charset=utf-8',
  ])('takes a body sent as %s', async (type) => {
    const answer = await postInvite(GOOD, { headers: { 'Content-Type': type } });
    expect(answer.status).toBe(200);
    expect(answer.body.acted_on).toMatchObject(GOOD);
  });

  it.each([
    'text/plain',
    'text/json',
    'application/jsonp',
    'application/json5',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'application/json; charset=latin1',
    'application/json; charset=us-ascii',
    "application/json; charset='utf-8'",
    'application/json; charset=utf_8',
    'application/json; charset=""',
    'application/json; charset=',
    'application/json; charset="utf-8',
    'application/json; charset=utf-8; charset=utf-16',
    'application/json; charset=utf-16; charset=utf-8',
    'application/json; charset =utf-8',
    'application/json; utf-8',
    'application/json charset=utf-8',
    'application/json\u00a0',
    'application/a!b+json',
    'application/json, application/json',
    'application/json, text/plain',
    'application/a/json',
    '',
  ])('refuses a body sent as %j', async (type) => {
    const answer = await postInvite(GOOD, { headers: { 'Content-Type': type } });
    expect(answer.status).toBe(415);
    expect(answer.contentType).toBe('application/problem+json');
    expect(answer.body.code).toBe('unsupported_media_type');
  });

  it.each([
    [{ 'Content-Type': '' }, 'The body has no Content-Type. Send Content-Type: application/json.'],
    [{ 'Content-Type': 'json' }, 'The Content-Type field cannot be read. Send Content-Type: application/json.'],
    [
      { 'Content-Type': `text/${'x'.repeat(99)}` },
      `The body came as text/${'x'.repeat(55)}. Send Content-Type: application/json.`,
    ],
    [
      { 'Content-Type': 'application/json; charset="a\\"é b"' },
      'The body came in the charset a"??b. Send it in UTF-8, with Content-Type: application/json.',
    ],
    [
      { 'Content-Type': "application/json; charset='utf-8'" },
      "The Content-Type names UTF-8 as 'utf-8'. Leave the charset away. Send Content-Type: application/json.",
    ],
    [{ 'Content-Encoding': 'identity, GZip' }, 'The body came with Content-Encoding: GZip. Send it without one.'],
  ])('says what is wrong with %j', async (headers, detail) => {
    expect((await postInvite(GOOD, { headers })).body.detail).toBe(detail);
  });

  it('says that a body is not UTF-8', async () => {
    const answer = await postInvite(Buffer.from('\ufeff{}', 'utf16le'));
    expect(answer.body.detail).toBe('The body is not UTF-8 text. Send the JSON encoded in UTF-8.');
  });

  it('drops one byte order mark, so that every later reader gets the JSON alone', async () => {
    const answer = await postInvite(`\uFEFF${JSON.stringify(GOOD)}`);
    expect([answer.status, answer.body.text]).toEqual([200, JSON.stringify(GOOD)]);
  });

  it('refuses an encoded body unread, and takes one whose encoding is identity', async () => {
    const gzipped = await postInvite(gzipSync(JSON.stringify(GOOD)), { headers: { 'Content-Encoding': 'gzip' } });
    expect(gzipped.status).toBe(415);
    const claimed = await postInvite(GOOD, { headers: { 'Content-Encoding': 'identity, gzip' } });
    expect(claimed.status).toBe(415);
    for (const encoding of ['Identity', '', 'identity, identity', ', identity ,']) {
      const identity = await postInvite(GOOD, { headers: { 'Content-Encoding': encoding } });
      expect(identity.status).toBe(200);
    }
  });

  it.each([
    ['an overlong form', [0xc0, 0xaf]],
    ['half a surrogate pair', [0xed, 0xa0, 0x80]],
    ['a cut sequence', [0xe2, 0x82]],
    ['UTF-16 with its mark', [0xff, 0xfe]],
  ])('calls bytes that are not UTF-8 malformed: %s', async (_, bytes) => {
    const body = Buffer.concat([Buffer.from('{"emails":["a'), Buffer.from(bytes), Buffer.from('@acme.com"]}')]);
    const answer = await postInvite(body);
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('malformed_request');
  });

  it('reports where and why a text is not strict JSON', async () => {
    const detail = async (text: string) => (await postInvite(text)).body.detail;
    expect(await detail('{"emails":["ann@acme.com"],}')).toEqual([
      { type: 'json_invalid', loc: ['body', 27], msg: 'JSON decode error' },
    ]);
    expect(await detail('{"emails":["ann@acme.com"],"emails":["bo@rival.io"]}')).toEqual([
      {
        type: 'json_invalid',
        loc: ['body', 27],
        msg: 'JSON decode error: a member name is repeated within its object',
      },
    ]);
    expect(await detail('\uFEFF\uFEFF{"emails":["ann@acme.com"]}')).toEqual([
      { type: 'json_invalid', loc: ['body', 0], msg: 'JSON decode error: a byte order mark precedes the text' },
    ]);
  });

  it.each([
    ['', false],
    ['?', false],
    ['?dry_run=false', false],
    ['?dry_run=true', true],
    ['?dry%5Frun=tru%65', true],
  ])('reads the query %j as dry run: %s', async (query, dryRun) => {
    const answer = await postInvite(GOOD, { query });
    expect(answer.status).toBe(200);
    expect(answer.body.dry_run).toBe(dryRun);
  });

  it.each([
    ['?dry_run', ['bool_parsing @ query.dry_run']],
    ['?dry_run=1', ['bool_parsing @ query.dry_run']],
    ['?dry_run=True', ['bool_parsing @ query.dry_run']],
    ['?dry_run=true&dry_run=false', ['extra_forbidden @ query.dry_run']],
    ['?dryRun=true', ['extra_forbidden @ query.dryRun']],
    [
      '?role=admin&dry_run=x&=',
      ['extra_forbidden @ query.role', 'bool_parsing @ query.dry_run', 'extra_forbidden @ query.'],
    ],
  ])('refuses the query %j', async (query, errors) => {
    const answer = await postInvite(GOOD, { query });
    expect(answer.status).toBe(422);
    expect(answer.body.detail?.map(({ type, loc }) => `${type} @ ${loc.join('.')}`)).toEqual(errors);
  });

  it.each([
    ['', 'missing @ body'],
    ['{', 'json_invalid @ body.1'],
    ['{}', 'missing @ body.emails'],
  ])('names what is wrong with the query and with the body %j together', async (body, error) => {
    const answer = await postInvite(body, { query: '?verbose=1' });
    expect(answer.body.detail?.map(({ type, loc }) => `${type} @ ${loc.join('.')}`)).toEqual([
      'extra_forbidden @ query.verbose',
      error,
    ]);
  });

  it('repeats no address in any refusal', async () => {
    for (const body of [{ emails: ['se cret@acme.com'] }, '["secret@acme.com"', { emails: 'secret@acme.com' }]) {
      const answer = await postInvite(body);
      expect(answer.status).toBe(422);
      expect(answer.text).not.toMatch(/se ?cret/);
    }
  });
});
