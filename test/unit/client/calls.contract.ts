/** What a call of the client does with every kind of answer, in every runtime that runs this suite. */
import { describe, expect, it } from 'vitest';
import {
  createIdempotencyKey,
  InvalidRequest,
  InviteProblem,
  OutcomeUnknown,
  PolicyDenied,
  QuotaExhausted,
  ServiceUnreachable,
} from '../../../client/src/galileo-invite-client.ts';
import type { Scripted } from './scripted-service.ts';
import {
  ATTEMPT_TIMEOUT_MS,
  cut,
  failureOf,
  FIRST_ID,
  ID,
  page,
  problem,
  scriptedService,
  success,
} from './scripted-service.ts';

const REQUEST = { emails: ['ann@acme.com', 'bo@acme.com'], auth_method: 'okta' as const };
const KEY = 'key-0123456789abcdef';
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-00`;
const IN_FLIGHT = (): Response =>
  problem(409, 'idempotency_in_flight', {
    headers: { 'Retry-After': '5', 'Content-Location': `/v2/invite_requests/${FIRST_ID}` },
  });
const OVERLOADED = (): Response => problem(503, 'overloaded', { headers: { 'Retry-After': '5' } });
const UNKNOWN = (): Response =>
  problem(504, 'outcome_unknown', {
    outcome: 'unknown',
    headers: { 'Content-Location': `/v2/invite_requests/${ID}`, 'Retry-After': '2' },
  });

export function clientCalls(runtime: string): void {
  describe(`the client in ${runtime}`, () => {
    describe('names the trace', () => {
      it('of a refusal as the service says it, and of a service that is not reached as the page said it', async () => {
        const trace_id = 'c'.repeat(32);
        const refused = scriptedService([problem(403, 'policy_denied', { decisions: [], trace_id })]);
        const traceparent = TRACEPARENT;
        expect(await failureOf(refused.client.inviteUsers(REQUEST, { traceparent }))).toMatchObject({
          traceId: trace_id,
        });
        const earlier = scriptedService([problem(403, 'policy_denied', { decisions: [] })]);
        expect(await failureOf(earlier.client.inviteUsers(REQUEST))).toMatchObject({ traceId: null });
        const lost = scriptedService(Array.from({ length: 40 }, cut));
        expect(await failureOf(lost.client.inviteUsers(REQUEST, { traceparent }))).toMatchObject({
          ...{ name: 'ServiceUnreachable', traceId: TRACE_ID, requestId: null },
        });
      });
    });

    describe('sends', () => {
      it('an invitation with the token and a new key, and gives what the service says', async () => {
        const headers = {
          'Policy-Digest': 'sha256:0f',
          'RateLimit-Policy': '"app-day";q=500;w=86400, "burst";q=30;w=60',
          RateLimit: '"app-day";r=12;t=3600, "burst";r=29;t=7',
        };
        const { client, received } = scriptedService([success({ invited: 2 }, headers)]);
        const sent = await client.inviteUsers(REQUEST);
        const [only] = received;
        expect(only).toMatchObject({ method: 'POST', url: 'https://invites.example.com/v2/invite_users' });
        expect(JSON.parse(only?.body ?? '')).toEqual(REQUEST);
        expect(only?.headers.get('Authorization')).toBe('Bearer token-1');
        expect(only?.headers.get('Content-Type')).toBe('application/json');
        expect(only?.headers.get('Prefer')).toBeNull();
        expect(only?.headers.get('Idempotency-Key')).toMatch(/^[0-9a-f]{32}$/);
        expect(sent).toEqual({
          kind: 'invited',
          sent: REQUEST.emails,
          refused: [],
          answer: { invited: 2 },
          withheld: false,
          requestId: ID,
          policyDigest: 'sha256:0f',
          quotas: [
            { quota: 'app-day', limit: 500, window_s: 86_400, remaining: 12, reset_s: 3600 },
            { quota: 'burst', limit: 30, window_s: 60, remaining: 29, reset_s: 7 },
          ],
          replayed: false,
          idempotencyKey: only?.headers.get('Idempotency-Key'),
        });
      });

      it('two invitations with two keys, and one with the key that it is given', async () => {
        const { client, received } = scriptedService([success(null), success(null), success(null)]);
        await client.inviteUsers(REQUEST);
        await client.inviteUsers(REQUEST);
        await client.inviteUsers(REQUEST, { idempotencyKey: KEY });
        const keys = received.map(({ headers }) => headers.get('Idempotency-Key'));
        expect(new Set(keys).size).toBe(3);
        expect(keys[2]).toBe(KEY);
        expect(createIdempotencyKey()).not.toBe(createIdempotencyKey());
      });

      it('a lenient invitation, and tells the part that was refused', async () => {
        const refused = [
          { email: 'bo@acme.com', decision: 'deny', rule: null, because: ['no-rule'], message: 'bo@acme.com: no.' },
        ];
        const { client, received } = scriptedService([
          success({ sent: ['ann@acme.com'], refused, upstream: { invited: 1 } }, {}, 207),
        ]);
        const sent = await client.inviteUsers(REQUEST, { lenient: true });
        expect(received[0]?.headers.get('Prefer')).toBe('handling=lenient');
        expect(sent).toMatchObject({
          kind: 'partly_invited',
          sent: ['ann@acme.com'],
          refused,
          answer: { invited: 1 },
        });
      });

      it('a dry run without a key', async () => {
        const verdict = { dry_run: true, decision: 'allow' };
        const { client, received } = scriptedService([success(verdict)]);
        expect(await client.dryRun(REQUEST)).toEqual(verdict);
        expect(received[0]?.url).toBe('https://invites.example.com/v2/invite_users?dry_run=true');
        expect(received[0]?.headers.get('Idempotency-Key')).toBeNull();
      });

      it.each([
        ['a text', TRACEPARENT],
        ['what a function gives', () => TRACEPARENT],
      ])('the trace of a call, the same with each attempt: %s', async (_what, traceparent) => {
        const { client, received } = scriptedService([cut(), success(null), success({ rules: [] }), success(null)]);
        await client.inviteUsers(REQUEST, { traceparent });
        await client.whatMayIInvite({ traceparent });
        await client.inviteUsers(REQUEST);
        const sent = received.map(({ headers }) => headers.get('traceparent'));
        expect(sent).toEqual([TRACEPARENT, TRACEPARENT, TRACEPARENT, null]);
      });

      it('the trace of the client with calls that have none of their own, asked once for each call', async () => {
        let asked = 0;
        const traceparent = (): string => TRACEPARENT.replace(/.$/, String((asked += 1)));
        const answers = [cut(), success(null), success(null), success(null)];
        const { client, received } = scriptedService(answers, { traceparent });
        await client.inviteUsers(REQUEST);
        await client.inviteUsers(REQUEST);
        await client.inviteUsers(REQUEST, { traceparent: TRACEPARENT });
        const flags = received.map(({ headers }) => headers.get('traceparent')?.at(-1));
        expect(flags).toEqual(['1', '1', '2', '0']);
      });

      it.each([
        ['another text', 'trace'],
        ['a line end', `${TRACEPARENT}\r\nX-Evil: 1`],
        ['nothing', () => undefined],
        [
          'an error',
          () => {
            throw new Error('no tracer');
          },
        ],
      ])('a call without a trace when the page gives %s', async (_what, traceparent) => {
        const { client, received } = scriptedService([success(null)]);
        await client.inviteUsers(REQUEST, { traceparent });
        expect(received[0]?.headers.has('traceparent')).toBe(false);
      });

      it('the questions about the policy and about a request', async () => {
        const { client, received } = scriptedService([success({ rules: [] }), success({ state: 'open' })]);
        expect(await client.whatMayIInvite()).toEqual({ rules: [] });
        expect(await client.inviteRequest('../audit')).toEqual({ state: 'open' });
        expect(received.map(({ method, url }) => `${method} ${url}`)).toEqual([
          'GET https://invites.example.com/v2/invite_policy',
          'GET https://invites.example.com/v2/invite_requests/..%2Faudit',
        ]);
      });

      it('every request so that no redirect is followed', async () => {
        const { client, received } = scriptedService([success(null), success({})]);
        await client.inviteUsers(REQUEST);
        await client.whatMayIInvite();
        expect(received.map(({ init }) => init.redirect)).toEqual(['manual', 'manual']);
      });
    });

    describe('repeats with the same bytes and the same key', () => {
      it.each<[string, () => Scripted, number]>([
        ['after a cut connection', cut, 250],
        ['after a gateway without a service (502)', () => page(502), 250],
        ['after a gateway without a service (503)', () => page(503), 250],
        ['after a gateway that gave up (504)', () => page(504), 250],
        [
          'after a gateway that says so in JSON',
          () => Response.json({ code: 'GATEWAY_TIMEOUT' }, { status: 504 }),
          250,
        ],
        ['while the first one is in flight', IN_FLIGHT, 5_000],
        ['while the first one is in flight, with hidden fields', () => problem(409, 'idempotency_in_flight'), 5_000],
        ['after a 503 with Retry-After', OVERLOADED, 5_000],
        ['after an answer that was cut', () => cutAnswer(), 250],
        [
          'never faster than four times a second',
          () => problem(503, 'overloaded', { headers: { 'Retry-After': '0' } }),
          250,
        ],
      ])('%s', async (_, first, waitMs) => {
        const { client, received, waits } = scriptedService([first(), success({ invited: 2 })]);
        expect(await client.inviteUsers(REQUEST)).toMatchObject({ kind: 'invited' });
        expect(received).toHaveLength(2);
        expect(received[1]?.body).toBe(received[0]?.body);
        expect(received[1]?.headers.get('Idempotency-Key')).toBe(received[0]?.headers.get('Idempotency-Key'));
        expect(waits).toEqual([waitMs]);
      });

      it('longer and longer, spread by chance, and at last not any more', async () => {
        const { client, waits } = scriptedService(Array.from({ length: 40 }, cut), { random: () => 0.999_999 });
        const failure = await failureOf(client.inviteUsers(REQUEST, { idempotencyKey: KEY }));
        expect(waits.slice(0, 6).map(Math.round)).toEqual([500, 1000, 2000, 4000, 8000, 8000]);
        expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(90_000);
        expect(failure).toBeInstanceOf(ServiceUnreachable);
        expect(failure).toMatchObject({ status: 0, outcome: 'unknown', idempotencyKey: KEY, requestId: null });
        expect((failure as Error).message).toMatch(
          /may or may not have been done.*the same invitation is not done twice/,
        );
        expect((failure as Error).cause).toBeInstanceOf(TypeError);
      });

      it('and says that it is a repeated answer', async () => {
        const { client } = scriptedService([cut(), success(null, { 'Idempotency-Replayed': 'true' })]);
        expect(await client.inviteUsers(REQUEST)).toMatchObject({ kind: 'invited', replayed: true });
      });

      it('when an attempt takes too long', async () => {
        const aborted: boolean[] = [];
        const hangs = ({ init }: { readonly init: RequestInit }): Promise<Response> =>
          new Promise(() => init.signal?.addEventListener('abort', () => aborted.push(true)));
        const limits: number[] = [];
        const { client, received } = scriptedService([hangs, success(null)], {
          delay: (ms) => (ms !== ATTEMPT_TIMEOUT_MS || limits.push(ms) === 1 ? Promise.resolve() : never()),
        });
        expect(await client.inviteUsers(REQUEST)).toMatchObject({ kind: 'invited' });
        expect(aborted).toEqual([true]);
        expect(received).toHaveLength(2);
      });

      it('but counts attempts that took too long against its patience', async () => {
        const hangs = (): Promise<Response> => new Promise(() => undefined);
        const { client, received } = scriptedService(
          Array.from({ length: 9 }, () => hangs),
          {
            delay: () => Promise.resolve(),
          },
        );
        await expect(client.whatMayIInvite()).rejects.toBeInstanceOf(ServiceUnreachable);
        expect(received).toHaveLength(Math.ceil(90_000 / ATTEMPT_TIMEOUT_MS));
      });
    });

    describe('does not repeat', () => {
      it.each<[string, () => Scripted, new (...args: never) => Error, object]>([
        [
          'a denial',
          () => problem(403, 'policy_denied', { decisions: [DENIED] }),
          PolicyDenied,
          { decisions: [DENIED] },
        ],
        ['an unknown outcome', UNKNOWN, OutcomeUnknown, { requestId: ID, outcome: 'unknown', retryAfterMs: 2000 }],
        [
          'an error of Galileo after the send',
          () => problem(502, 'upstream_error', { outcome: 'unknown' }),
          OutcomeUnknown,
          { status: 502, requestId: ID },
        ],
        [
          'an error of Galileo before the send',
          () => problem(502, 'upstream_error', { outcome: 'not_sent' }),
          InviteProblem,
          { outcome: 'not_sent' },
        ],
        ['an error of the service itself', () => problem(500, 'internal_error'), OutcomeUnknown, { requestId: ID }],
        ['a 503 without Retry-After', () => problem(503, 'upstream_unavailable'), InviteProblem, { status: 503 }],
        [
          'what Galileo refused',
          () => problem(409, 'upstream_refused', { outcome: 'refused', headers: { 'Retry-After': '1' } }),
          InviteProblem,
          { outcome: 'refused' },
        ],
        [
          'what Galileo limits',
          () => problem(429, 'upstream_rate_limited', { outcome: 'not_sent', headers: { 'Retry-After': '30' } }),
          InviteProblem,
          { retryAfterMs: 30_000, outcome: 'not_sent' },
        ],
        [
          'a redirect',
          () => page(302, { Location: 'https://login.example.com/' }),
          ServiceUnreachable,
          { status: 302, outcome: 'unknown' },
        ],
        ['a page in place of an answer', () => page(200), ServiceUnreachable, { status: 200, outcome: 'unknown' }],
        [
          'an empty answer of something else',
          () => new Response(null, { status: 204 }),
          ServiceUnreachable,
          { status: 204 },
        ],
        ['an answer without an end', () => endless(), ServiceUnreachable, { status: 200, outcome: 'unknown' }],
        ['a refusal of a gateway', () => page(403), ServiceUnreachable, { status: 403, outcome: 'not_sent' }],
        [
          'an error of a gateway that has a code of its own',
          () => Response.json({ code: 'INTERNAL', message: 'no answer', detail: null }, { status: 500 }),
          ServiceUnreachable,
          { status: 500, outcome: 'unknown' },
        ],
        ['a refusal of a gateway in place of a 409', () => page(409), ServiceUnreachable, { outcome: 'unknown' }],
      ])('%s', async (_, answer, type, facts) => {
        const { client, received } = scriptedService([answer()]);
        const failure = await failureOf(client.inviteUsers(REQUEST, { idempotencyKey: KEY }));
        expect(failure).toBeInstanceOf(type);
        expect(failure).toBeInstanceOf(InviteProblem);
        expect(failure).toMatchObject({ ...facts, idempotencyKey: KEY });
        expect(received).toHaveLength(1);
      });
    });

    describe('throws problems that', () => {
      it('say which quota is used up, and when it is not any more', async () => {
        const { client } = scriptedService([
          problem(429, 'quota_exhausted', { quota: 'app-day', origin: 'quota', headers: { 'Retry-After': '3600' } }),
        ]);
        const before = Date.now();
        const failure = (await failureOf(client.inviteUsers(REQUEST))) as QuotaExhausted;
        expect(failure).toBeInstanceOf(QuotaExhausted);
        expect(failure).toMatchObject({ quota: 'app-day', origin: 'quota', retryAfterMs: 3_600_000 });
        expect(failure.retryAt?.getTime()).toBeGreaterThanOrEqual(before + 3_600_000);
      });

      it('name the places of what is wrong with a request', async () => {
        const detail = [
          { type: 'value_error', loc: ['body', 'emails', 3], msg: 'Value error, no at sign' },
          { type: 'enum', loc: ['body', 'role'], msg: 'Input should be …' },
          { type: 'missing', loc: ['body'], msg: 'Field required' },
        ];
        const body = { detail, code: 'invalid_request', origin: 'proxy', request_id: ID };
        const { client } = scriptedService([success(body, {}, 422)]);
        const failure = await failureOf(client.inviteUsers(REQUEST));
        expect(failure).toBeInstanceOf(InvalidRequest);
        expect(failure).toMatchObject({
          message: 'no at sign. Input should be …. Field required',
          places: [
            { field: 'emails', index: 3, type: 'value_error', message: 'no at sign' },
            { field: 'role', index: null, type: 'enum' },
            { field: '', index: null, type: 'missing' },
          ],
        });
      });

      it('have the sentence for people as their message, and a name', async () => {
        const { client } = scriptedService([problem(403, 'insufficient_scope')]);
        const failure = await failureOf(client.whatMayIInvite());
        expect(failure).toMatchObject({
          name: 'InviteProblem',
          message: 'Sentence of insufficient_scope.',
          detail: 'Sentence of insufficient_scope.',
          code: 'insufficient_scope',
          title: 'insufficient_scope',
          idempotencyKey: null,
          outcome: null,
        });
      });

      it('never say that nothing was sent when an earlier attempt may have been', async () => {
        const { client } = scriptedService([cut(), ...Array.from({ length: 40 }, OVERLOADED)]);
        const failure = await failureOf(client.inviteUsers(REQUEST, { idempotencyKey: KEY }));
        expect(failure).toBeInstanceOf(ServiceUnreachable);
        expect(failure).toMatchObject({ status: 503, outcome: 'unknown', idempotencyKey: KEY });
        expect((failure as Error).cause).toMatchObject({ code: 'overloaded' });
      });

      it('say that it takes a sign-in to learn what became of a lost attempt', async () => {
        const { client } = scriptedService([cut(), problem(401, 'invalid_token'), problem(401, 'invalid_token')]);
        const failure = await failureOf(client.inviteUsers(REQUEST));
        expect(failure).toMatchObject({ name: 'ServiceUnreachable', status: 401, outcome: 'unknown' });
        expect((failure as Error).message).toContain('Sign in again first.');
      });

      it('believe what the service says after it looked up the key of a lost attempt', async () => {
        const { client } = scriptedService([cut(), problem(403, 'policy_denied')]);
        await expect(client.inviteUsers(REQUEST)).rejects.toBeInstanceOf(PolicyDenied);
      });

      it('give the first request to wait for while an invitation is in flight too long', async () => {
        const { client } = scriptedService(Array.from({ length: 40 }, IN_FLIGHT));
        const failure = await failureOf(client.inviteUsers(REQUEST));
        expect(failure).toBeInstanceOf(OutcomeUnknown);
        expect(failure).toMatchObject({ status: 409, requestId: FIRST_ID, outcome: 'unknown' });
      });
    });

    it('names no request to wait for when a gateway hides the first one', async () => {
      const { client } = scriptedService(Array.from({ length: 40 }, () => problem(409, 'idempotency_in_flight')));
      await expect(client.inviteUsers(REQUEST)).rejects.toMatchObject({ name: 'OutcomeUnknown', requestId: null });
    });

    it('takes an accepted invitation with a withheld answer for sent', async () => {
      const denied = { ...DENIED, email: 'BO@acme.com' };
      const asked = { emails: ['ann@acme.com', 'BO@acme.com', 'not one'] };
      const { client } = scriptedService([
        problem(502, 'upstream_response_withheld', {
          outcome: 'accepted',
          decisions: [
            { email: 'ann@acme.com', decision: 'allow', rule: 'staff', because: [], message: '' },
            denied,
            { index: 2, decision: 'deny', reason: 'malformed', message: 'Entry 3 of the list: …' },
          ],
        }),
      ]);
      expect(await client.inviteUsers(asked, { lenient: true })).toMatchObject({
        kind: 'partly_invited',
        sent: ['ann@acme.com'],
        refused: [denied, { index: 2 }],
        answer: null,
        withheld: true,
      });
    });

    describe('with a token', () => {
      it('that was refused asks for another one, once', async () => {
        const { client, received, renewals } = scriptedService([problem(401, 'invalid_token'), success(null)]);
        await client.inviteUsers(REQUEST);
        expect(renewals).toEqual([false, true]);
        expect(received.map(({ headers }) => headers.get('Authorization'))).toEqual([
          'Bearer token-1',
          'Bearer token-2',
        ]);
        const again = scriptedService([problem(401, 'invalid_token'), problem(401, 'invalid_token')]);
        await expect(again.client.inviteUsers(REQUEST)).rejects.toMatchObject({ status: 401 });
      });

      it('that stays the same does not send it again', async () => {
        const { client, received } = scriptedService([problem(401, 'invalid_token')], { token: () => 'the-same' });
        await expect(client.inviteUsers(REQUEST)).rejects.toMatchObject({ status: 401, code: 'invalid_token' });
        expect(received).toHaveLength(1);
      });

      it.each(['', 'two words', 'line\nend', undefined])(
        'that is none (%j) sends nothing and repeats nothing of it',
        async (token) => {
          const { client, received } = scriptedService([], { token: () => token as string });
          await expect(client.inviteUsers(REQUEST)).rejects.toThrow(new TypeError('token() gave no access token'));
          expect(received).toHaveLength(0);
        },
      );

      it('that cannot be had throws what the token function throws', async () => {
        const { client } = scriptedService([], { token: () => Promise.reject(new Error('signed out')) });
        await expect(client.inviteUsers(REQUEST)).rejects.toThrow('signed out');
      });

      it('that cannot be renewed behind a lost attempt leaves open what became of that one', async () => {
        const notRenewed = new ServiceUnreachable({
          ...{ status: 0, code: 'service_unreachable', title: '', detail: '', origin: 'network', outcome: null },
          ...{ requestId: null, traceId: null, retryAfterMs: null, idempotencyKey: null, decisions: [], body: null },
        });
        const renewing = {
          token: ({ renew }: { readonly renew: boolean }) => (renew ? Promise.reject(notRenewed) : 'token-1'),
        };
        const refusal = problem(401, 'invalid_token');
        const { client, received } = scriptedService([cut(), refusal], renewing);
        const asked = client.inviteUsers(REQUEST, { idempotencyKey: KEY });
        await expect(asked).rejects.toMatchObject({ outcome: 'unknown', idempotencyKey: KEY });
        expect(received).toHaveLength(2);
        // Nothing was sent, and the app says why.
        const unsent = scriptedService([problem(401, 'invalid_token')], renewing);
        await expect(unsent.client.inviteUsers(REQUEST)).rejects.toBe(notRenewed);
      });
    });

    describe('when it is aborted', () => {
      it.each<[string, Parameters<typeof scriptedService>]>([
        ['before it begins', [[]]],
        ['while it asks for a token', [[], { token: never }]],
        ['while it waits for an answer, also of a fetch that hears no signal', [[never]]],
        ['while it reads an answer', [[() => endless(false)]]],
        ['while it waits before the next attempt', [[cut()], { delay: never }]],
      ])('ends at once: %s', async (when, [answers, options]) => {
        const { client } = scriptedService(answers, options);
        const controller = new AbortController();
        if (when === 'before it begins') controller.abort(new Error('the person left'));
        const failure = failureOf(client.inviteUsers(REQUEST, { signal: controller.signal }));
        // Everything that can happen without the answer happens in these turns.
        for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
        controller.abort(new Error('the person left'));
        expect(await failure).toEqual(new Error('the person left'));
      });

      it('tells fetch', async () => {
        const controller = new AbortController();
        const told = Promise.withResolvers<void>();
        const { client } = scriptedService([
          ({ init }) => {
            init.signal?.addEventListener('abort', () => told.resolve());
            controller.abort();
            return never();
          },
        ]);
        await expect(client.whatMayIInvite({ signal: controller.signal })).rejects.toMatchObject({
          name: 'AbortError',
        });
        await told.promise;
      });
    });

    describe('waits for an outcome', () => {
      it('until it is known, as Retry-After says, else longer and longer', async () => {
        const { client, waits, received } = scriptedService([
          success({ state: 'open' }),
          success({ state: 'unknown' }, { 'Retry-After': '7' }),
          cut(),
          success({ state: 'unknown' }),
          success({ id: ID, state: 'accepted' }),
        ]);
        expect(await client.waitForOutcome(ID)).toEqual({ id: ID, state: 'accepted' });
        expect(waits).toEqual([1000, 7000, 250, 4000]);
        expect(received.every(({ url }) => url.endsWith(`/v2/invite_requests/${ID}`))).toBe(true);
      });

      it('not for ever', async () => {
        const { client, waits } = scriptedService(Array.from({ length: 40 }, () => success({ state: 'unknown' })));
        const failure = await failureOf(client.waitForOutcome(ID, { maxWaitMs: 30_000 }));
        expect(failure).toBeInstanceOf(OutcomeUnknown);
        expect(failure).toMatchObject({ requestId: ID, outcome: 'unknown', code: 'outcome_unknown' });
        expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(30_000);
      });

      it('not of a request that is not there', async () => {
        const { client } = scriptedService([problem(404, 'not_found')]);
        await expect(client.waitForOutcome(ID)).rejects.toMatchObject({ status: 404, outcome: null });
      });
    });

    it('refuses an address that is none when it is made', () => {
      const make = (url: string) => () => scriptedService([], { url });
      for (const url of ['', 'invites.example.com', 'ftp://invites.example.com', 'javascript:alert(1)'])
        expect(make(url)).toThrow(TypeError);
      for (const url of ['https://invites.example.com/galileo/', 'http://127.0.0.1:8080', '/', '/invites'])
        expect(make(url)).not.toThrow();
    });
  });
}

const DENIED = {
  email: 'bo@acme.com',
  decision: 'deny',
  rule: 'never',
  because: ['domains'],
  message: 'bo@acme.com: no.',
};

const never = (): Promise<never> => new Promise(() => undefined);

/** Header fields, and then the connection ends. */
function cutAnswer(): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"invited":'));
    },
    pull(controller) {
      controller.error(new TypeError('terminated'));
    },
  });
  return new Response(body, { headers: { 'Content-Type': 'application/json' } });
}

/** Sends for ever, or hangs in the middle. */
function endless(flows = true): Response {
  const chunk = new Uint8Array(256 * 1024).fill(0x20);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (flows) return controller.enqueue(chunk);
      return new Promise(() => undefined);
    },
  });
  return new Response(body, { headers: { 'Content-Type': 'application/json' } });
}
