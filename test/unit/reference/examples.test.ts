/** Examples of the reference: a curl command that a shell reads as it was meant, and the call of the client beside it. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { ExampleAnswer, ExampleExchange } from '../../../src/openapi/examples/exchange.ts';
import { clientCallOf } from '../../../tools/reference/examples/client-call.ts';
import { codeText, jsonText, shellWord } from '../../../tools/reference/examples/code.ts';
import { curlOf } from '../../../tools/reference/examples/curl.ts';

const BASE_URL = 'https://invites.example.com';
const ANN = { emails: ['ann@acme.com'] };

const OK: ExampleAnswer = { status: 200, headers: {}, body: { invited: 1 } };

const invite = (more: Partial<ExampleExchange['request']> = {}, answer: ExampleAnswer = OK): ExampleExchange => ({
  operationId: 'inviteUsers',
  name: 'example',
  summary: 'An example',
  request: { method: 'POST', path: '/v2/invite_users', headers: { Authorization: 'Bearer TOKEN' }, body: ANN, ...more },
  answer,
});

const refused = (name: string, status: number, headers: Record<string, string> = {}): ExampleExchange => ({
  ...invite({}, { status, headers, body: { code: name } }),
  name,
});

/** What a POSIX shell passes to curl. */
function argumentsOf(command: string): readonly string[] {
  const script = `curl() { for word; do printf '%s\\0' "$word"; done; }\nTOKEN=secret\n${command}`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

describe('a curl command', () => {
  it('is read by a shell as it was meant, whatever is in it', () => {
    const body = { note: `it's "$HOME" \`id\` \\ !\n`, emails: ['ann@acme.com', 'bo@eu.acme.com', 'cy@eu.acme.com'] };
    const command = curlOf(invite({ path: '/v2/invite_users?dry_run=true&x=$y', body }), BASE_URL);
    const [, url, dashH, field, dashD, data] = argumentsOf(command);
    expect([url, dashH, field, dashD]).toEqual([
      `${BASE_URL}/v2/invite_users?dry_run=true&x=$y`,
      '-H',
      'Authorization: Bearer secret',
      '-d',
    ]);
    expect(JSON.parse(data ?? '')).toEqual(body);
  });

  it('names the method only where curl would take another', () => {
    expect(curlOf(invite(), BASE_URL)).not.toContain('-X');
    const { body: _, ...withoutBody } = invite().request;
    expect(curlOf({ ...invite(), request: withoutBody }, BASE_URL)).toContain('-X POST');
    expect(curlOf(invite({ method: 'GET' }), BASE_URL)).not.toContain('-X');
  });

  it('quotes a word only where a shell would change it', () => {
    expect(shellWord('https://a.example/v2?x')).toBe(`'https://a.example/v2?x'`);
    expect(shellWord('https://a.example/v2')).toBe('https://a.example/v2');
    expect(shellWord('')).toBe(`''`);
  });
});

describe('a value in code', () => {
  it.each([
    [{ emails: ['a@b.c'], 'x-y': null }, `{ emails: ['a@b.c'], 'x-y': null }`],
    [[`it's`, 'a "b"', '\\', '\n'], `['it\\'s', 'a "b"', '\\\\', '\\n']`],
    [{}, '{}'],
    [[], '[]'],
  ])('is what JavaScript reads as the same value: %j', (value, text) => {
    expect(codeText(value)).toBe(text);
  });

  it('takes several lines when it is long', () => {
    const value = { emails: Array.from({ length: 4 }, (_, index) => `person-${String(index)}@acme.com`), role: 'user' };
    expect(jsonText(value).split('\n').length).toBeGreaterThan(4);
    expect(JSON.parse(jsonText(value))).toEqual(value);
    expect(codeText(value)).toMatch(/^\{\n {2}emails: \[\n {4}'person-0@acme.com',\n/);
    // Also what would fit on a line of its own, where the line has begun already.
    expect(codeText(ANN, { before: 50 })).toBe(`{\n  emails: ['ann@acme.com'],\n}`);
  });
});

describe('the call of the client', () => {
  const codeOf = (exchange: ExampleExchange): string => clientCallOf(exchange, BASE_URL).code;

  it('is the function for what the request asks', () => {
    expect(codeOf(invite())).toBe(`const sent = await invites.inviteUsers({\n  emails: ['ann@acme.com'],\n});`);
    expect(codeOf(invite({ path: '/v2/invite_users?dry_run=true' }))).toContain('invites.dryRun(');
    expect(codeOf(invite({ headers: { prefer: 'handling=lenient' } }))).toContain('{ lenient: true }');
    expect(codeOf(invite({ headers: { 'Idempotency-Key': '"0123456789abcdef"' } }))).toContain(
      `  { idempotencyKey: '0123456789abcdef' },\n`,
    );
    expect(codeOf({ ...invite({ path: '/v2/invite_requests/42' }), operationId: 'getInviteRequest' })).toContain(
      `'42'`,
    );
  });

  it.each([
    ['policy_denied', 403, 'PolicyDenied', 'decisions'],
    ['quota_exhausted', 429, 'QuotaExhausted', 'retryAt'],
    ['outcome_unknown', 504, 'OutcomeUnknown', 'requestId'],
    ['invalid_request', 422, 'InvalidRequest', 'places'],
    ['body_too_large', 413, 'InviteProblem', 'message'],
  ])('catches what a refusal throws: %s', (name, status, type, member) => {
    const code = codeOf(refused(name, status));
    expect(code).toContain(`if (!(problem instanceof ${type})) throw problem;`);
    expect(code).toContain(`show(problem.${member});`);
  });

  it.each([
    ['overloaded', 503],
    ['idempotency_in_flight', 409],
  ])('says where the client repeats by itself: %s', (name, status) => {
    expect(codeOf(refused(name, status, { 'Retry-After': '5' }))).toMatch(/^\/\/ The client repeats it by itself/);
    expect(codeOf(refused(name, status))).toContain('InviteProblem');
  });

  it('is plain fetch for what the client has no function for', () => {
    const asked = {
      ...refused('method_not_allowed', 405),
      request: { method: 'GET', path: '/v2/invite_users', headers: {} } as const,
    };
    expect(codeOf(asked)).toBe(`const url = '${BASE_URL}/v2/invite_users';\nconst answer = await fetch(url);`);
    const exchange: ExampleExchange = { ...invite({ path: '/audit/search' }), operationId: 'searchAuditRecords' };
    const { label, code } = clientCallOf(exchange, BASE_URL);
    expect(label).toBe('fetch');
    expect(code).toContain(`const url = 'https://invites.example.com/audit/search';\n`);
    expect(code).toContain('Authorization: `Bearer ${token}`');
  });
});
