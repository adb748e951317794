/** requests settle and requests unknown at a running service, over HTTP with a token. */
import { describe, expect, it } from 'vitest';
import { TextFileError } from '../../../../src/lib/text/text-file-error.ts';
import type { HttpExchange, HttpResult } from '../../../../src/ports/http.ts';
import { testUuid7 } from '../../../support/clock.ts';
import { answer, runCommand } from '../cli-harness.ts';
import type { HarnessOptions } from '../cli-harness.ts';

const ID = testUuid7(500);
const URL_OF_SERVICE = 'https://invites.acme.com';
const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJraW0ifQ.c2lnbmF0dXJl';
const ENV = { INVITES_TOKEN: TOKEN };
const SETTLED = {
  ...{ id: ID, state: 'refused' },
  outcome: { result: 'refused', settled_by: 'person', person: 'kim', note: 'not there after a day' },
};

const SETTLE = ['requests', 'settle', ID, '--as', 'refused', '--reason', 'not there after a day'];
const at = (...more: readonly string[]) => [...SETTLE, '--url', URL_OF_SERVICE, ...more];
const run = (args: readonly string[], answers: HttpResult, options: HarnessOptions = {}) =>
  runCommand(args, { env: ENV, answer: () => answers, ...options });

function expectNoToken({ stdout, stderr }: { stdout: string; stderr: string }): void {
  for (const part of TOKEN.split('.')) expect(stdout + stderr).not.toContain(part);
}

describe('requests settle --url', () => {
  it('asks the service with the token, and says who the service has on record', async () => {
    const ran = await run(at(), answer(200, SETTLED));
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).toBe(`settled Request ${ID} is refused, on record as settled by kim.\n`);
    expect(ran.asked).toMatchObject([
      {
        method: 'POST',
        url: `${URL_OF_SERVICE}/v2/invite_requests/${ID}/settlement`,
        headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ outcome: 'refused', note: 'not there after a day' }),
      } satisfies Partial<HttpExchange>,
    ]);
    expectNoToken(ran);
  });

  it('is one document with --json', async () => {
    const { stdout } = await run(at('--json'), answer(200, SETTLED));
    expect(JSON.parse(stdout)).toEqual({
      ...{ request_id: ID, state: 'refused', settled_by: 'person', person: 'kim', note: 'not there after a day' },
    });
  });

  it('takes the token from a file, and the address with a path and a slash at its end', async () => {
    const asked = ['--url', 'https://gateway.acme.com/invites/', '--token-file', 'token'];
    const readText = async (path: string) => (path === 'token' ? `${TOKEN}\n` : '');
    const ran = await run([...SETTLE, ...asked], answer(200, SETTLED), { env: {}, deps: { readText } });
    expect(ran.code).toBe(0);
    expect(ran.asked).toMatchObject([
      {
        url: `https://gateway.acme.com/invites/v2/invite_requests/${ID}/settlement`,
        headers: { Authorization: `Bearer ${TOKEN}` },
      },
    ]);
  });

  it.each(['http://127.0.0.1:8080', 'http://localhost:8080', 'http://[::1]:8080'])(
    'may use http at %s',
    async (url) => {
      expect((await run([...SETTLE, '--url', url], answer(200, SETTLED))).code).toBe(0);
    },
  );

  it.each([
    ['http beyond this machine', ['--url', 'http://invites.acme.com'], 'loopback'],
    ['http at a name that begins like this machine', ['--url', 'http://localhost.acme.com'], 'loopback'],
    ['user information', ['--url', 'https://kim:secret@invites.acme.com'], 'user information'],
    ['no scheme', ['--url', 'invites.acme.com'], 'absolute URL'],
    ['a query', ['--url', 'https://invites.acme.com/?a=b'], 'no query'],
    ['a fragment', ['--url', 'https://invites.acme.com/#a'], 'no fragment'],
    ['a ledger, too', ['--url', URL_OF_SERVICE, '--ledger', 'ledger.db'], 'either --ledger or --url'],
    ['a name', ['--url', URL_OF_SERVICE, '--by', 'Kim'], 'the access token says who'],
    ['a token file and no address', ['--token-file', 'token'], '--url alone'],
  ])('with %s is a mistake, and nothing is sent', async (_, more, sentence) => {
    const ran = await run([...SETTLE, ...more], answer(200, SETTLED));
    expect([ran.code, ran.stdout, ran.asked]).toEqual([64, '', []]);
    expect(ran.stderr).toContain(sentence);
    expect(ran.stderr).not.toContain('secret');
  });

  it('with a reason that must not go on record is a mistake here already', async () => {
    const args = ['requests', 'settle', ID, '--as', 'refused', '--url', URL_OF_SERVICE, '--reason', 'ann@acme.com'];
    const ran = await run(args, answer(200, SETTLED));
    expect([ran.code, ran.asked]).toEqual([64, []]);
    expect(ran.stderr).toContain('no mail address');
  });

  it.each([
    ['is missing', {}, 'INVITES_TOKEN or with --token-file'],
    ['is empty', { INVITES_TOKEN: '' }, 'INVITES_TOKEN or with --token-file'],
    ['has the word Bearer', { INVITES_TOKEN: `Bearer ${TOKEN}` }, 'INVITES_TOKEN begins with a word such as Bearer'],
    ['has two lines', { INVITES_TOKEN: `${TOKEN}\nX-Evil: 1` }, 'INVITES_TOKEN must be one word'],
  ])('whose token %s is a mistake', async (_, env, sentence) => {
    const ran = await run(at(), answer(200, SETTLED), { env });
    expect([ran.code, ran.asked]).toEqual([64, []]);
    expect(ran.stderr).toContain(sentence);
    expectNoToken(ran);
  });

  it('whose token file cannot be read says why, without its content', async () => {
    const readText = () => Promise.reject(new TextFileError('not_readable', 'cannot be read (ENOENT)'));
    const ran = await run(at('--token-file', 'token'), answer(200, SETTLED), { deps: { readText } });
    expect([ran.code, ran.asked]).toEqual([64, []]);
    expect(ran.stderr).toBe('--token-file cannot be read (ENOENT)\n');
  });

  const problem = (status: number, code: string, detail: unknown) =>
    answer(status, { title: 'x', status, code, detail }, { 'content-type': 'application/problem+json' });

  it.each([
    [
      'a refusal',
      problem(409, 'already_settled', 'Nothing was changed.'),
      '(409 already_settled): Nothing was changed.',
    ],
    [
      'a list of errors',
      problem(422, 'invalid_request', [
        { loc: ['body', 'outcome'], msg: 'Field required' },
        { loc: ['body', 'note'], msg: 'Value error, note holds a key' },
        { loc: ['body'], msg: 'JSON decode error' },
      ]),
      '(422 invalid_request): outcome: Field required. note holds a key. JSON decode error.',
    ],
    ['a redirect', answer(302, '', { location: 'https://login.acme.com' }), 'redirect (302), which is not followed'],
    ['a page', answer(404, '<h1>Not here</h1>'), 'answers 404, and not as this service does'],
    ['another service', answer(200, { ok: true }), 'does not answer as this service does'],
    ['another request', answer(200, { ...SETTLED, id: testUuid7(1) }), 'does not answer as this service does'],
    ['another state', answer(200, { ...SETTLED, state: 'unknown' }), 'does not answer as this service does'],
    ['an empty answer', answer(200, ''), 'does not answer as this service does'],
    ['no connection', { kind: 'not_sent', reason: 'connect_failed' } as const, 'Nothing was changed.'],
    [
      'a cut connection',
      { kind: 'maybe_sent', reason: 'connection_lost', status: null } as const,
      'The same command again does no harm.',
    ],
  ])('says so when it gets %s', async (_, result, sentence) => {
    const ran = await run(at(), result);
    expect([ran.code, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toContain(sentence);
    expect(ran.asked).toHaveLength(1);
  });

  it('shows of an answer nothing that a terminal would obey, and never the token', async () => {
    const evil = await run(at(), problem(403, 'x', '\u001b[2Jgone\u202e'));
    expect(evil.stderr).toContain('gone');
    for (const sign of ['\u001b', '\u202e']) expect(evil.stderr).not.toContain(sign);
    const echo = await run(at(), problem(403, 'x', `you sent ${TOKEN}`));
    expect(echo.stderr).toBe('The service refused, and its answer is not shown.\n');
    const long = await run(at(), problem(403, 'x', 'y'.repeat(100_000)));
    expect(long.stderr.length).toBeLessThan(3000);
    const person = { ...SETTLED, outcome: { person: 'kim\u001b[2J' } };
    expect((await run(at(), answer(200, person))).stdout).not.toContain('\u001b');
  });
});

describe('requests unknown --url', () => {
  const shown = (n: number, state: string, more: object = {}) => ({
    ...{ id: testUuid7(n), state, requested_at: '2026-03-02T10:00:00.000Z' },
    actor: { client_id: 'hr-portal', issuer: 'corp' },
    request: { emails: ['ann@acme.com'] },
    policy: { decisions: [{ decision: 'allow', email_count: 1 }] },
    outcome: { result: state, reason: 'timeout' },
    ...more,
  });
  const ASKED = ['requests', 'unknown', '--url', URL_OF_SERVICE];

  it('lists those whose outcome is unknown, over all pages', async () => {
    const before = testUuid7(8);
    const pages: Record<string, object> = {
      [`${URL_OF_SERVICE}/v2/invite_requests`]: {
        requests: [shown(9, 'accepted'), shown(8, 'unknown')],
        next: before,
      },
      [`${URL_OF_SERVICE}/v2/invite_requests?before=${before}`]: {
        requests: [shown(7, 'unknown', { actor: null, request: null, policy: null, outcome: null })],
        next: null,
      },
    };
    const ran = await runCommand(ASKED, { env: ENV, answer: ({ url }) => answer(200, pages[url]) });
    expect(ran.stdout).toBe(
      `2 unknown requests\n  2026-03-02T10:00:00.000Z ${testUuid7(8)} from hr-portal (corp): 1 address (timeout)\n` +
        `  2026-03-02T10:00:00.000Z ${testUuid7(7)}: its records cannot be read; see audit verify\n`,
    );
    expect(ran.asked.map(({ method, body, headers }) => [method, body, headers['Authorization']])).toEqual([
      ['GET', null, `Bearer ${TOKEN}`],
      ['GET', null, `Bearer ${TOKEN}`],
    ]);
    const named = await runCommand([...ASKED, '--show-addresses'], {
      env: ENV,
      answer: () => answer(200, { requests: [shown(8, 'unknown')], next: null }),
    });
    expect(named.stdout).toContain('    ann@acme.com\n');
  });

  it.each([
    ['a page that is none', { requests: [{ id: 1 }] }],
    ['a cursor that does not move', { requests: [], next: testUuid7(8) }],
  ])('ends with a sentence at %s', async (_, page) => {
    const ran = await run(ASKED, answer(200, page));
    expect([ran.code, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toContain('does not answer as this service does');
    expect(ran.asked.length).toBeLessThan(3);
  });
});
