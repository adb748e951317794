import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../src/ledger/port.ts';
import { createFakeClock } from '../../support/clock.ts';
import { startTestService } from '../../support/service.ts';

const ANN = { emails: ['ann@acme.com'] };
const KEY = { 'Idempotency-Key': 'a-key-of-the-caller-1' };

/** A ledger with one operation that fails while `broken` is true. */
function breakable(step: keyof Ledger): {
  broken: boolean;
  failed: PromiseWithResolvers<void>;
  wrap(ledger: Ledger): Ledger;
} {
  const state = {
    broken: true,
    failed: Promise.withResolvers<void>(),
    wrap: (ledger: Ledger): Ledger => ({
      ...ledger,
      [step]: (...args: never[]) => {
        if (!state.broken) return (ledger[step] as (...all: never[]) => unknown)(...args);
        state.failed.resolve();
        return Promise.reject(new Error('disk full'));
      },
    }),
  };
  return state;
}

describe('a ledger that fails', () => {
  it('before the send: 503, nothing sent, and service again by itself when it is back', async () => {
    const ledger = breakable('admit');
    const service = await startTestService({ wrapLedger: ledger.wrap });
    const refused = await service.invite(ANN);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: 'ledger_unavailable', origin: 'proxy' });
    expect(service.galileo.received).toEqual([]);
    ledger.broken = false;
    expect((await service.invite(ANN)).status).toBe(200);
  });

  it('after the send: the outcome is written late rather than never', async () => {
    const ledger = breakable('settle');
    const schedule = createFakeClock();
    const service = await startTestService({ wrapLedger: ledger.wrap, deps: { schedule } });
    const answer = service.invite(ANN);
    await ledger.failed.promise;
    ledger.broken = false;
    await schedule.until((waitingMs) => waitingMs.includes(50));
    schedule.advance(50);
    expect((await answer).status).toBe(200);
    expect((await service.records()).map(({ kind }) => kind)).toEqual(['intent', 'outcome']);
  });

  it('for longer than 5 s after the send: 504 outcome_unknown, and unknown for good once the intent expires', async () => {
    const ledger = breakable('settle');
    const schedule = createFakeClock();
    const service = await startTestService({ wrapLedger: ledger.wrap, deps: { schedule } });
    const answer = service.invite(ANN, { headers: KEY });
    for (const delayMs of [50, 100, 200, 400, 800, 1450, 1500]) {
      await schedule.until((waitingMs) => waitingMs.includes(delayMs));
      schedule.advance(delayMs);
    }
    const response = await answer;
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ code: 'outcome_unknown', origin: 'proxy', outcome: 'unknown' });
    ledger.broken = false;

    expect(await service.sweep()).toBe(0);
    service.clock.advance(45_000);
    expect(await service.sweep()).toBe(1);
    expect((await service.records()).at(-1)).toMatchObject({
      kind: 'outcome',
      request_id: response.headers.get('X-Request-Id'),
      outcome: { result: 'unknown', reason: 'expired', settled_by: 'sweep' },
    });
    const replay = await service.invite(ANN, { headers: KEY });
    expect(replay.status).toBe(504);
    expect(await replay.json()).toMatchObject({ code: 'outcome_unknown', origin: 'proxy' });
    expect(replay.headers.get('Idempotency-Replayed')).toBe('true');
    expect(service.galileo.received).toHaveLength(1);
  });

  it('after the send, by not answering: 504 outcome_unknown after 5 s, and what it writes late counts', async () => {
    const schedule = createFakeClock();
    const { promise: isBack, resolve: bringBack } = Promise.withResolvers<void>();
    const service = await startTestService({
      wrapLedger: (ledger) => ({
        ...ledger,
        async settle(settlement) {
          await isBack;
          return await ledger.settle(settlement);
        },
      }),
      deps: { schedule },
    });
    const answer = service.invite(ANN, { headers: KEY });
    await schedule.until((waitingMs) => waitingMs.includes(5_000));
    schedule.advance(5_000);
    expect((await answer).status).toBe(504);
    expect(await (await answer).json()).toMatchObject({ code: 'outcome_unknown', origin: 'proxy', outcome: 'unknown' });
    bringBack();
    await expect.poll(async () => (await service.records()).map(({ kind }) => kind)).toEqual(['intent', 'outcome']);
    const replay = await service.invite(ANN, { headers: KEY });
    expect([replay.status, replay.headers.get('Idempotency-Replayed')]).toEqual([200, 'true']);
    expect(service.galileo.received).toHaveLength(1);
  });

  it('after the send, by not knowing the request: nobody is told that it is on record', async () => {
    const service = await startTestService({
      wrapLedger: (ledger) => ({ ...ledger, settle: async () => ({ kind: 'not_found' }) }),
    });
    const response = await service.invite(ANN);
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ code: 'outcome_unknown', origin: 'proxy', outcome: 'unknown' });
  });

  it('is written to at most once a second, however often anyone asks whether it is ready', async () => {
    let probes = 0;
    const service = await startTestService({
      wrapLedger: (ledger) => ({
        ...ledger,
        async probe() {
          probes += 1;
          await ledger.probe();
        },
      }),
    });
    const asked = await Promise.all(Array.from({ length: 20 }, () => service.request('/readyz')));
    expect(asked.every(({ status }) => status === 200)).toBe(true);
    expect((await service.request('/readyz')).status).toBe(200);
    expect(probes).toBe(1);
    service.clock.advance(1_000);
    await service.request('/readyz');
    expect(probes).toBe(2);
  });

  it('is asked by few while nothing is known and no promise may cross requests, and then once a second at most', async () => {
    let probes = 0;
    let gate = Promise.withResolvers<void>();
    const service = await startTestService({
      deps: { canAwaitAcrossRequests: false },
      wrapLedger: (ledger) => ({
        ...ledger,
        async probe() {
          probes += 1;
          await gate.promise;
          await ledger.probe();
        },
      }),
    });
    const ask = (times: number) => Array.from({ length: times }, () => service.request('/readyz'));
    const statuses = async (asked: readonly Promise<Response>[]) =>
      (await Promise.all(asked)).map(({ status }) => status).toSorted((a, b) => a - b);
    const early = ask(20);
    await expect.poll(() => probes).toBe(4);
    gate.resolve();
    expect(await statuses(early)).toEqual([...Array<number>(4).fill(200), ...Array<number>(16).fill(503)]);
    service.clock.advance(1_000);
    gate = Promise.withResolvers();
    const later = ask(20);
    await expect.poll(() => probes).toBe(5);
    gate.resolve();
    // All but one get the result of a second ago.
    expect(await statuses(later)).toEqual(Array<number>(20).fill(200));
    expect(probes).toBe(5);
  });

  it('is asked again a second after those who asked first went away without an answer', async () => {
    const gone = new Promise<never>(() => undefined);
    let hangs = true;
    const service = await startTestService({
      deps: { canAwaitAcrossRequests: false },
      wrapLedger: (ledger) => ({ ...ledger, probe: () => (hangs ? gone : ledger.probe()) }),
    });
    for (let n = 0; n < 4; n += 1) void service.request('/readyz');
    expect((await service.request('/readyz')).status).toBe(503);
    hangs = false;
    service.clock.advance(1_000);
    expect((await service.request('/readyz')).status).toBe(200);
  });

  it('makes the service not ready, and ready again', async () => {
    const ledger = breakable('probe');
    const service = await startTestService({ wrapLedger: ledger.wrap });
    const down = await service.request('/readyz');
    expect(down.status).toBe(503);
    expect(await down.json()).toEqual({ status: 'not_ready' });
    ledger.broken = false;
    service.clock.advance(1_000);
    expect((await service.request('/readyz')).status).toBe(200);
    expect((await service.request('/livez')).status).toBe(200);
  });

  it.each([
    ['find', '/v2/invite_requests/00000000-0000-7000-8000-000000000000', 'invites:write'],
    ['list', '/v2/invite_requests', 'invites:write'],
    ['usage', '/v2/invite_policy', 'invites:write'],
    ['records', '/audit/records', 'audit:read'],
  ] as const)('at %s: the reading route says 503', async (step, path, scope) => {
    const service = await startTestService({ wrapLedger: breakable(step).wrap });
    const response = await service.request(path, {
      headers: { Authorization: `Bearer ${await service.token({ scope })}` },
    });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'ledger_unavailable' });
  });
});

describe('an upstream that cannot be reached', () => {
  it('does not make the service unready', async () => {
    const service = await startTestService({ settings: { GALILEO_API_URL: 'http://127.0.0.1:1' } });
    expect((await service.invite(ANN)).status).toBe(503);
    expect((await service.request('/readyz')).status).toBe(200);
  });
});

describe('a caller who goes away after the send', () => {
  it('changes nothing: the outcome is on record all the same', async () => {
    const service = await startTestService({ ledger: 'file', galileo: 'served' });
    const released = Promise.withResolvers<void>();
    service.galileo.script({ kind: 'answer', status: 200, body: {}, after: released.promise });
    const gone = new AbortController();
    const answer = service.invite(ANN, { signal: gone.signal });
    await service.galileo.arrived(1);
    gone.abort();
    released.resolve();
    await answer.catch(() => undefined);
    expect((await service.records()).map(({ kind }) => kind)).toEqual(['intent', 'outcome']);
  });
});
