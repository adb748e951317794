/**
 * The trace of a request (W3C Trace Context) over HTTP: where its trace id is found again, what Galileo gets of it, and
 * that nothing else depends on it.
 */
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/lib/secret.ts';
import { MINUTE_MS } from '../support/ledger/ledger.ts';
import { createFakeClock } from '../support/clock.ts';
import { disguises } from '../support/key-disguises.ts';
import { startTestService, UPSTREAM_SECRET } from '../support/service.ts';
import type { TestService, TestServiceOptions } from '../support/service.ts';

const ANN = { emails: ['ann@acme.com'] };
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const traced = (traceId: string, flags = '01') => ({ traceparent: `00-${traceId}-${SPAN}-${flags}` });
const HEX = /^[0-9a-f]{32}$/;
const UPSTREAM = { settings: { TRACE_UPSTREAM: true } };

const linesOf = ({ logLines }: TestService, event: string): unknown[] =>
  logLines.map((line) => JSON.parse(line) as { event: string }).filter((line) => line.event === event);

const traceIdsIn = async (service: TestService): Promise<unknown[]> =>
  (await service.records()).map(({ kind, trace_id: id }) => [kind, id]);

const galileoGot = ({ galileo }: TestService): unknown =>
  galileo.received.map(({ headers: { traceparent, tracestate } }) => [traceparent, tracestate]);

async function search(service: TestService, filter: object): Promise<Response> {
  return await service.request('/audit/search', {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${await service.token({ scope: 'audit:read' })}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify(filter),
  });
}

describe("the caller's trace id", () => {
  it('is in the log line and in both records of an invitation', async () => {
    const service = await startTestService();
    expect((await service.invite(ANN, { headers: traced(TRACE) })).status).toBe(200);
    expect(linesOf(service, 'http_request')[0]).toMatchObject({ trace_id: TRACE, status: 200 });
    expect(await traceIdsIn(service)).toEqual([
      ['intent', TRACE],
      ['outcome', TRACE],
    ]);
  });

  it('is in refusals of every shape, in the record of a denial, and in that of a dry run', async () => {
    const service = await startTestService();
    const refusals = [
      await service.invite({ emails: ['ann@rival.io'] }, { headers: traced(TRACE) }),
      await service.invite({ emails: 'ann' }, { headers: traced(TRACE) }),
      await service.invite(ANN, { token: 'eyJ', headers: traced(TRACE) }),
      await service.request('/nowhere', { headers: traced(TRACE) }),
    ];
    expect(refusals.map(({ status }) => status)).toEqual([403, 422, 401, 404]);
    for (const refusal of refusals) expect(await refusal.json()).toMatchObject({ trace_id: TRACE });
    expect(linesOf(service, 'token_refused')).toEqual([expect.objectContaining({ trace_id: TRACE })]);
    await service.invite(ANN, { query: '?dry_run=true', headers: traced(TRACE) });
    expect(await traceIdsIn(service)).toEqual([
      ['denial', TRACE],
      ['dry_run', TRACE],
    ]);
  });

  it("is in the log lines about Galileo's answers and in the refusal that follows", async () => {
    const service = await startTestService();
    service.galileo.script({ kind: 'answer', status: 401, body: { detail: 'Invalid credentials' } });
    const answer = await service.invite(ANN, { headers: traced(TRACE) });
    expect(await answer.json()).toMatchObject({ code: 'upstream_credentials_rejected', trace_id: TRACE });
    expect(linesOf(service, 'upstream_key_rejected')).toEqual([
      expect.objectContaining({ trace_id: TRACE, request_id: answer.headers.get('X-Request-Id') }),
    ]);
  });

  it('is that of the repeated request in a replay, while the stored answer stays as it was', async () => {
    const service = await startTestService();
    service.galileo.script({ kind: 'answer', status: 400, body: { detail: 'no' } });
    const key = { 'Idempotency-Key': 'a-key-of-the-caller-1' };
    const first = await service.invite(ANN, { headers: { ...key, ...traced(TRACE) } });
    const other = 'c'.repeat(32);
    const again = await service.invite(ANN, { headers: { ...key, ...traced(other) } });
    expect(await again.text()).toBe(await first.text());
    expect(await traceIdsIn(service)).toEqual([
      ['intent', TRACE],
      ['outcome', TRACE],
      ['replay', other],
    ]);
  });

  it('stays in the records of a request that is settled later, by whomever', async () => {
    const service = await startTestService({ settings: { GALILEO_RECONCILE: true } });
    service.galileo.script({ kind: 'hangup', when: 'after_body' });
    const lost = await service.invite(ANN, { headers: traced(TRACE) });
    expect(await lost.json()).toMatchObject({ code: 'outcome_unknown', trace_id: TRACE });
    service.clock.advance(MINUTE_MS);
    await service.reconcile?.();
    expect(linesOf(service, 'request_still_unknown')).toEqual([expect.objectContaining({ trace_id: TRACE })]);
    const settlement = 'd'.repeat(32);
    await service.request(`/v2/invite_requests/${lost.headers.get('X-Request-Id')}/settlement`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${await service.token({ sub: 'kim', client_id: 'it-desk', scope: 'invites:settle' })}`,
        'Content-Type': 'application/json',
        ...traced(settlement),
      },
      body: JSON.stringify({ outcome: 'refused', note: 'not there after a day' }),
    });
    expect(linesOf(service, 'request_settled_by_person')).toEqual([expect.objectContaining({ trace_id: settlement })]);
    expect(await traceIdsIn(service)).toEqual([
      ['intent', TRACE],
      ['outcome', TRACE],
      ['reconciliation', TRACE],
      ['reconciliation', TRACE],
    ]);
  });

  it('stays in the record of an intent that nothing but its time has ended', async () => {
    const schedule = createFakeClock();
    let isDown = true;
    const service = await startTestService({
      wrapLedger: (ledger) => ({
        ...ledger,
        settle: (settlement) => (isDown ? Promise.reject(new Error('disk full')) : ledger.settle(settlement)),
      }),
      deps: { schedule },
    });
    const answer = service.invite(ANN, { headers: traced(TRACE) });
    for (const delayMs of [50, 100, 200, 400, 800, 1450, 1500]) {
      await schedule.until((waitingMs) => waitingMs.includes(delayMs));
      schedule.advance(delayMs);
    }
    expect(await (await answer).json()).toMatchObject({ code: 'outcome_unknown', trace_id: TRACE });
    isDown = false;
    service.clock.advance(MINUTE_MS);
    expect(await service.sweep()).toBe(1);
    expect(linesOf(service, 'intent_expired')).toEqual([expect.objectContaining({ trace_id: TRACE })]);
    expect(linesOf(service, 'ledger_settle_failed')[0]).toMatchObject({ trace_id: TRACE });
    expect(await traceIdsIn(service)).toEqual([
      ['intent', TRACE],
      ['outcome', TRACE],
    ]);
  });

  it('is shown with the request, and finds its records, in any case of letters', async () => {
    const service = await startTestService();
    const answer = await service.invite(ANN, { headers: traced(TRACE) });
    await service.invite(ANN, { headers: traced('e'.repeat(32)) });
    const shown = await service.request(`/v2/invite_requests/${answer.headers.get('X-Request-Id')}`, {
      headers: { Authorization: `Bearer ${await service.token()}` },
    });
    expect(await shown.json()).toMatchObject({ trace_id: TRACE });
    const found = await search(service, { trace_id: TRACE.toUpperCase() });
    const lines = (await found.text()).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { trace_id: string }).trace_id)).toEqual([TRACE, TRACE]);
    expect(await (await search(service, { trace_id: 'f'.repeat(32) })).text()).toBe('');
    const refused = await search(service, { trace_id: '0'.repeat(32) });
    expect(await refused.json()).toMatchObject({ detail: [{ loc: ['body', 'trace_id'], type: 'value_error' }] });
  });

  it('is no identity: two callers may say the same one, and each sees its own request only', async () => {
    const service = await startTestService();
    const theirs = await service.invite(ANN, { headers: traced(TRACE) });
    const mine = await service.token({ sub: 'somebody-else', client_id: 'hr-portal' });
    await service.invite(ANN, { token: mine, headers: traced(TRACE) });
    const peek = await service.request(`/v2/invite_requests/${theirs.headers.get('X-Request-Id')}`, {
      headers: { Authorization: `Bearer ${mine}`, ...traced(TRACE) },
    });
    expect(peek.status).toBe(404);
    expect((await service.records()).map((record) => record.request_id)).toHaveLength(4);
    expect(service.galileo.received).toHaveLength(2);
  });
});

describe('a request without a trace context that can be read', () => {
  it.each([
    ['none', {}],
    ['an empty one', { traceparent: '' }],
    ['one of zeros', traced('0'.repeat(32))],
    ['one in upper case', { traceparent: traced(TRACE).traceparent.toUpperCase() }],
    ['one of version ff', { traceparent: `ff-${TRACE}-${SPAN}-01` }],
    ['two as one field', { traceparent: `${traced(TRACE).traceparent}, ${traced(TRACE).traceparent}` }],
    ['10,000 characters', { traceparent: `01-${TRACE}-${SPAN}-01-${'a'.repeat(10_000)}` }],
    ['a forged log line', { traceparent: `{"event":"http_request","trace_id":"${TRACE}"}` }],
    ['a tracestate alone', { tracestate: 'congo=t61rcWkgMzE' }],
  ])('gets one, and is served: %s', async (_what, headers) => {
    const service = await startTestService(UPSTREAM);
    expect((await service.invite(ANN, { headers })).status).toBe(200);
    const records = await service.records();
    const [{ trace_id: made } = {}] = records;
    expect(made).toMatch(HEX);
    expect(made).not.toBe(TRACE);
    expect(records.map(({ trace_id: id }) => id)).toEqual([made, made]);
    expect(linesOf(service, 'http_request')[0]).toMatchObject({ route: '/v2/invite_users', trace_id: made });
    expect(service.logLines.join('\n')).not.toContain(TRACE);
    // Not sampled, since nothing here records the trace; random, as level 2 says it.
    expect(galileoGot(service)).toEqual([
      [expect.stringMatching(new RegExp(`^00-${made}-[0-9a-f]{16}-02$`)), undefined],
    ]);
  });

  it('is answered, recorded and counted as with one', async () => {
    const [plain, hostile] = [await startTestService(), await startTestService()];
    const answers = [
      await plain.invite(ANN),
      await hostile.invite(ANN, { headers: { traceparent: `ff-${'x'.repeat(5_000)}`, tracestate: ',;=' } }),
    ];
    const [one, other] = await Promise.all(answers.map(async (answer) => [answer.status, await answer.text()]));
    expect(other).toEqual(one);
    expect(hostile.counted).toEqual(plain.counted);
    const draft = async (service: TestService) =>
      (await service.records()).map(({ hash: _hash, prev: _prev, actor, ...record }) => ({
        ...record,
        actor: { ...actor, token_id: '' },
      }));
    expect(await draft(hostile)).toEqual(await draft(plain));
  });
});

describe('a trace context that holds a piece of the Galileo key', () => {
  /** Pieces that fit into a trace id: hexadecimal digits. */
  const hexOfKey = Buffer.from(UPSTREAM_SECRET).toString('hex');
  /** Of 6 characters of the key, at each place. */
  const pieces = Array.from({ length: UPSTREAM_SECRET.length - 5 }, (_, at) => hexOfKey.slice(2 * at, 2 * at + 12));

  it.each([
    ['its first 16 characters', hexOfKey.slice(0, 32)],
    ['12 of its characters', `f${hexOfKey.slice(6, 30)}`.padEnd(32, '0')],
  ])('counts as absent: %s', async (_what, piece) => {
    const service = await startTestService(UPSTREAM);
    expect((await service.invite(ANN, { headers: traced(piece) })).status).toBe(200);
    const trail = JSON.stringify(await service.records());
    for (const text of [trail, service.logLines.join('\n'), JSON.stringify(galileoGot(service))])
      expect(text).not.toContain(piece);
  });

  it('counts as absent where the key itself is of hexadecimal digits', async () => {
    const key = 'c0ffee00d15ea5e9';
    const secrets = { galileoKeys: async () => ({ current: new Secret(key), next: null }) };
    const service = await startTestService({ acceptedKeys: [key], deps: { secrets } });
    const piece = `0123456${key}`.padEnd(32, '9');
    expect((await service.invite(ANN, { headers: traced(piece) })).status).toBe(200);
    for (const text of [JSON.stringify(await service.records()), service.logLines.join('\n')])
      expect(text).not.toContain(key);
  });

  it('does not reach Galileo, down to 6 characters in its trace id or in its parent id', async () => {
    const service = await startTestService(UPSTREAM);
    for (const piece of pieces) {
      await service.invite(ANN, { headers: traced(piece.padStart(32, '1')) });
      await service.invite(ANN, { headers: { traceparent: `00-${TRACE}-${piece.padStart(16, '1')}-01` } });
    }
    expect(service.galileo.received).toHaveLength(2 * pieces.length);
    for (const piece of pieces) expect(JSON.stringify(galileoGot(service))).not.toContain(piece);
  });

  it('is answered like any other, so that no caller can guess the key piece by piece', async () => {
    const service = await startTestService(UPSTREAM);
    const guesses: { traceparent: string; tracestate?: string }[] = [
      ...pieces.map((piece) => ({ traceparent: `00-${piece.padStart(32, '1')}-${SPAN}-01` })),
      ...pieces.map((piece) => ({ traceparent: `00-${TRACE}-${piece.padStart(16, '1')}-01` })),
      ...disguises(UPSTREAM_SECRET).map(([, text]) => ({ ...traced(TRACE), tracestate: `congo=${text}` })),
    ];
    for (const headers of guesses.filter(({ tracestate = '' }) => /^[\x20-\x7e]*$/.test(tracestate))) {
      const refused = await service.request('/v2/invite_users', { method: 'POST', headers, body: '{}' });
      expect(refused.status).toBe(401);
      expect(await refused.json()).toMatchObject({ trace_id: headers.traceparent.split('-')[1] });
    }
  });

  it('is absent for every text, whatever key is in force', async () => {
    const service = await startTestService();
    const asText = Buffer.from('is that a secret').toString('hex');
    const refused = await service.request('/nowhere', { headers: traced(asText) });
    expect(await refused.json()).not.toMatchObject({ trace_id: asText });
  });

  it('goes nowhere in a tracestate either', async () => {
    const service = await startTestService(UPSTREAM);
    for (const [, text] of disguises(UPSTREAM_SECRET).filter(([, one]) =>
      /^[\x21-\x2b\x2d-\x3c\x3e-\x7e]{12,200}$/.test(one),
    ))
      await service.invite(ANN, { headers: { ...traced(TRACE), tracestate: `congo=${text}` } });
    expect(service.galileo.received.length).toBeGreaterThan(5);
    for (const got of service.galileo.received) expect(got.headers).not.toHaveProperty('tracestate');
  });

  it('counts as absent, too, when the keys to look for cannot be read', async () => {
    const service = await startTestService({
      deps: { secrets: { galileoKeys: () => Promise.reject(new Error('no key')) } },
    });
    const answer = await service.invite(ANN, { headers: traced(TRACE) });
    const { trace_id: made } = (await answer.json()) as { trace_id: string };
    expect(made).toMatch(HEX);
    expect(made).not.toBe(TRACE);
  });
});

describe('Galileo', () => {
  const given: TestServiceOptions[] = [UPSTREAM, {}];
  const FULL = { ...traced(TRACE, '03'), tracestate: 'rojo=00f067aa0ba902b7, congo=t61rcWkgMzE' };

  it('gets nothing of the trace context unless TRACE_UPSTREAM is on', async () => {
    const got = await Promise.all(
      given.map(async (options) => {
        const service = await startTestService(options);
        await service.invite(ANN, { headers: FULL });
        return galileoGot(service);
      }),
    );
    expect(got).toEqual([[[FULL.traceparent, 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE']], [[undefined, undefined]]]);
  });

  it('gets the same context with the second key, and none when it is asked for users', async () => {
    const nextKey = 'next-key-5b1d24680f3c9a7e';
    const service = await startTestService({
      settings: { TRACE_UPSTREAM: true, GALILEO_RECONCILE: true },
      acceptedKeys: [nextKey],
      nextKey,
    });
    service.galileo.script({ kind: 'answer', status: 401, body: { detail: 'Invalid credentials' } });
    service.galileo.script({ kind: 'hangup', when: 'after_body' });
    await service.invite(ANN, { headers: FULL });
    service.clock.advance(MINUTE_MS);
    await service.reconcile?.();
    expect(service.galileo.received.map(({ headers }) => headers['traceparent'])).toEqual([
      FULL.traceparent,
      FULL.traceparent,
    ]);
    expect(service.galileo.lookUps.length).toBeGreaterThan(0);
    for (const { headers } of service.galileo.lookUps) expect(headers).not.toHaveProperty('traceparent');
  });

  it('gets the traceparent without a tracestate that is too long', async () => {
    const service = await startTestService(UPSTREAM);
    const long = Array.from({ length: 32 }, (_, n) => `vendor-${n}=${'x'.repeat(20)}`).join(',');
    await service.invite(ANN, { headers: { ...traced(TRACE), tracestate: long } });
    expect(galileoGot(service)).toEqual([[traced(TRACE).traceparent, undefined]]);
  });

  it('gets the version that this service knows', async () => {
    const service = await startTestService(UPSTREAM);
    await service.invite(ANN, { headers: { traceparent: `cc-${TRACE}-${SPAN}-09-later` } });
    expect(galileoGot(service)).toEqual([[traced(TRACE).traceparent, undefined]]);
  });

  it('never has its tracestate in the log or in a record', async () => {
    const service = await startTestService(UPSTREAM);
    await service.invite(ANN, { headers: { ...traced(TRACE), tracestate: 'congo=private-of-a-vendor' } });
    expect(service.logLines.join('\n') + JSON.stringify(await service.records())).not.toMatch(/private-of|b7ad6b71/);
  });
});
