/**
 * Unknown outcomes over HTTP, and how they are settled: by a look-up at Galileo, or by a person. Nothing is sent twice.
 */
import { describe, expect, it } from 'vitest';
import type { RecordOutcome } from '../../../src/audit/record.ts';
import { resolveUnknown } from '../../../src/invite/settle/resolve-unknown.ts';
import { HOUR_MS, MINUTE_MS } from '../../support/ledger/ledger.ts';
import { startTestService, UPSTREAM_SECRET } from '../../support/service.ts';
import type { TestService, TestServiceOptions } from '../../support/service.ts';

const ANN = { emails: ['ann@acme.com'] };
const BOTH = { emails: ['ann@acme.com', 'bob@acme.com'] };
const KEY = { 'Idempotency-Key': 'a-key-of-the-caller-1' };
/** The time that the stand-in takes to create a user: a user that an invite created is younger than its intent. */
const CREATING_MS = 40;

async function start(options: TestServiceOptions = {}): Promise<TestService> {
  const service = await startTestService({ settings: { GALILEO_RECONCILE: true }, ...options });
  service.galileo.scriptClock(() => service.clock.now() + CREATING_MS);
  return service;
}

/** One reconciliation, as the sweep interval runs it. */
async function reconcileOnce({ reconcile }: TestService): Promise<number> {
  if (reconcile === null) throw new Error('GALILEO_RECONCILE is off');
  return await reconcile();
}

const lost = { kind: 'hangup', when: 'after_inviting' } as const;
const cut = { kind: 'hangup', when: 'after_body' } as const;

async function stateOf(service: TestService, response: Response): Promise<unknown> {
  const found = await service.request(`/v2/invite_requests/${response.headers.get('X-Request-Id')}`, {
    headers: { Authorization: `Bearer ${await service.token()}` },
  });
  return await found.json();
}

async function reconciliations(service: TestService): Promise<RecordOutcome[]> {
  const records = await service.records();
  return records.filter(({ kind }) => kind === 'reconciliation').map(({ outcome }) => outcome);
}

const left = (response: Response): string | undefined => /r=(\d+)/.exec(response.headers.get('RateLimit') ?? '')?.[1];

describe('an invitation that Galileo carried out before the connection was cut', () => {
  it('is unknown at first, accepted once Galileo was asked, and replays as accepted', async () => {
    const service = await start();
    service.galileo.script(lost);
    const first = await service.invite(ANN, { headers: KEY });
    expect(first.status).toBe(504);
    expect(await stateOf(service, first)).toMatchObject({ state: 'unknown' });
    expect(await reconcileOnce(service)).toBe(0);
    expect(service.galileo.lookUps).toHaveLength(0);

    service.clock.advance(MINUTE_MS);
    expect(await reconcileOnce(service)).toBe(1);
    expect(await stateOf(service, first)).toMatchObject({
      state: 'accepted',
      settled_at: new Date(service.clock.now()).toISOString(),
      outcome: { result: 'accepted', settled_by: 'reconciliation', evidence: { created_after: 1 } },
    });
    const again = await service.invite(ANN, { headers: KEY });
    expect(again.status).toBe(200);
    expect(await again.text()).toBe('null');
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(again.headers.get('Content-Location')).toBe(`/v2/invite_requests/${first.headers.get('X-Request-Id')}`);
    expect(service.galileo.received).toHaveLength(1);
    expect((await service.records()).map(({ kind }) => kind)).toEqual([
      'intent',
      'outcome',
      'reconciliation',
      'replay',
    ]);
  });

  it('keeps its quota', async () => {
    const service = await start();
    service.galileo.script(lost);
    await service.invite(ANN);
    service.clock.advance(MINUTE_MS);
    expect(await reconcileOnce(service)).toBe(1);
    expect(left(await service.invite({ emails: ['bob@acme.com'] }))).toBe('48');
  });

  it.each([
    ['cut in the middle of the answer', { kind: 'hangup', when: 'mid_answer' }],
    ['answered with something that is no JSON', { kind: 'answer', status: 200, body: '<h1>Done</h1>' }],
  ] as const)('is found likewise when it was %s', async (_, step) => {
    const service = await start();
    service.galileo.script(step);
    const first = await service.invite(ANN);
    expect(await stateOf(service, first)).toMatchObject({ state: 'unknown' });
    service.clock.advance(MINUTE_MS);
    expect(await reconcileOnce(service)).toBe(1);
    expect(await stateOf(service, first)).toMatchObject({ state: 'accepted' });
  });

  it('is asked about by the addresses that were sent, and tells which were refused when it was handled leniently', async () => {
    const service = await start();
    service.galileo.script(lost);
    const headers = { ...KEY, Prefer: 'handling=lenient' };
    const asked = { emails: ['eve@rival.io', 'ann@acme.com'] };
    await service.invite(asked, { headers });
    service.clock.advance(MINUTE_MS);
    expect(await reconcileOnce(service)).toBe(1);
    expect(service.galileo.lookUps.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { filters: [{ name: 'email', operator: 'one_of', value: ['ann@acme.com'] }] },
    ]);
    const again = await service.invite(asked, { headers });
    expect(again.status).toBe(207);
    expect(again.headers.get('Preference-Applied')).toBe('handling=lenient');
    expect(await again.json()).toEqual({
      sent: ['ann@acme.com'],
      refused: [
        {
          email: 'eve@rival.io',
          decision: 'deny',
          rule: 'never-invite',
          because: ['domains'],
          message: 'eve@rival.io: left out by the policy (rule never-invite, domains).',
        },
      ],
      upstream: null,
    });
  });

  it('is asked about with the next key when the current one is dead', async () => {
    const nextKey = 'next-key-4b1d9e7c5a3f2806';
    const service = await start({ acceptedKeys: [nextKey], nextKey });
    service.galileo.script({ kind: 'answer', status: 401, body: {} });
    service.galileo.script(lost);
    await service.invite(ANN);
    service.clock.advance(MINUTE_MS);
    expect(await reconcileOnce(service)).toBe(1);
    expect(service.galileo.lookUps.map(({ keyIndex }) => keyIndex)).toEqual([-1, 0]);
  });
});

describe('an invitation that nobody can vouch for', () => {
  it('stays unknown through five looks, each on record with its evidence, and is not looked at again', async () => {
    const service = await start();
    service.galileo.script(cut);
    const first = await service.invite(ANN, { headers: KEY });
    for (const queueTimeoutMs of [MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 6 * HOUR_MS, 24 * HOUR_MS]) {
      service.clock.advance(queueTimeoutMs - 1);
      const before = service.galileo.lookUps.length;
      await reconcileOnce(service);
      expect(service.galileo.lookUps).toHaveLength(before);
      service.clock.advance(1);
      await reconcileOnce(service);
      expect(service.galileo.lookUps).toHaveLength(before + 1);
    }
    service.clock.advance(1_000 * HOUR_MS);
    await reconcileOnce(service);
    expect(service.galileo.lookUps).toHaveLength(5);
    expect(await reconciliations(service)).toEqual(
      Array.from({ length: 5 }, () => ({
        result: 'unknown',
        evidence: { created_after: 0, users: [{ email: 'ann@acme.com', created_at: null }] },
      })),
    );
    expect(await stateOf(service, first)).toMatchObject({ state: 'unknown' });
    const again = await service.invite(ANN, { headers: KEY });
    expect(again.status).toBe(504);
    expect(service.galileo.received).toHaveLength(1);
  });

  it('is not vouched for by a user who was there before', async () => {
    const service = await start();
    service.galileo.createUser('ann@acme.com', service.clock.now() - 1);
    service.galileo.script(lost);
    const first = await service.invite(ANN);
    service.clock.advance(MINUTE_MS);
    expect(await reconcileOnce(service)).toBe(0);
    expect(await stateOf(service, first)).toMatchObject({ state: 'unknown' });
    expect(await reconciliations(service)).toMatchObject([
      { result: 'unknown', evidence: { created_after: 0, users: [{ created_at: '2026-03-02T09:59:59.999000Z' }] } },
    ]);
  });

  it('is not vouched for by half of its people, until the others are there too', async () => {
    const service = await start();
    service.galileo.script(cut);
    const first = await service.invite(BOTH);
    service.galileo.createUser('bob@acme.com', service.clock.now() + 1);
    service.clock.advance(MINUTE_MS);
    expect(await reconcileOnce(service)).toBe(0);
    expect(await reconciliations(service)).toMatchObject([{ result: 'unknown', evidence: { created_after: 1 } }]);
    service.galileo.createUser('ann@acme.com', null);
    service.clock.advance(5 * MINUTE_MS);
    expect(await reconcileOnce(service)).toBe(0);
    service.galileo.createUser('ann@acme.com', service.clock.now());
    service.clock.advance(30 * MINUTE_MS);
    expect(await reconcileOnce(service)).toBe(1);
    expect(await stateOf(service, first)).toMatchObject({ state: 'accepted' });
    expect(service.galileo.received).toHaveLength(1);
  });

  it('waits where Galileo cannot be asked, with nothing in the trail, and is settled when it can', async () => {
    const service = await start();
    service.galileo.script(lost);
    await service.invite(ANN);
    service.galileo.scriptUsers({ kind: 'answer', status: 503, body: 'ann@acme.com' });
    service.clock.advance(MINUTE_MS);
    expect(await reconcileOnce(service)).toBe(0);
    service.galileo.scriptUsers({ kind: 'echo', status: 200, shape: 'success' });
    service.clock.advance(MINUTE_MS);
    expect(await reconcileOnce(service)).toBe(0);
    expect(await reconciliations(service)).toEqual([]);
    service.galileo.scriptUsers(null);
    service.clock.advance(2 * MINUTE_MS);
    expect(await reconcileOnce(service)).toBe(1);
    const reported = service.logLines.filter((line) => line.includes('reconciliation_unanswered'));
    expect(reported.map((line) => (JSON.parse(line) as { reason: string }).reason)).toEqual([
      'other_status',
      'holds_key',
    ]);
  });

  it('leaves neither the key nor an address in a line, nor the key in a record', async () => {
    const service = await start();
    service.galileo.script(cut);
    await service.invite(ANN);
    for (const shape of ['success', 'detail_string', 'header', 'text'] as const) {
      service.galileo.scriptUsers({ kind: 'echo', status: shape === 'detail_string' ? 403 : 200, shape });
      service.clock.advance(10 * MINUTE_MS);
      await reconcileOnce(service);
    }
    service.galileo.scriptUsers(null);
    service.clock.advance(HOUR_MS);
    await reconcileOnce(service);
    const lines = service.logLines.join('\n');
    expect(lines).toContain('request_still_unknown');
    expect(lines).not.toContain('@');
    for (const text of [lines, JSON.stringify(await service.records())])
      expect(text).not.toContain(UPSTREAM_SECRET.slice(0, 12));
  });
});

describe('an invitation that a person settles', () => {
  async function settle(service: TestService, response: Response, ending: 'accepted' | 'refused') {
    const requestId = response.headers.get('X-Request-Id') ?? '';
    const entry = await service.deps.ledger.find(requestId, null);
    if (entry === null || entry.decided === null) throw new Error('no such request');
    const by = { kind: 'person', person: 'Kim', note: 'not there after a day' } as const;
    return await service.deps.ledger.settle(resolveUnknown({ requestId, intent: entry.decided }, { ending, by }));
  }

  it('as refused gives its quota back and replays as refused, saying that a person did', async () => {
    const service = await start();
    service.galileo.script(cut);
    const first = await service.invite(BOTH, { headers: KEY });
    expect(left(first)).toBe('48');
    expect(await settle(service, first, 'refused')).toEqual({ kind: 'settled' });
    const again = await service.invite(BOTH, { headers: KEY });
    expect(again.status).toBe(400);
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(await again.json()).toMatchObject({
      ...{ code: 'upstream_refused', origin: 'upstream', outcome: 'refused' },
      detail: expect.stringContaining('A person settled'),
      request_id: first.headers.get('X-Request-Id'),
    });
    expect(await stateOf(service, first)).toMatchObject({
      state: 'refused',
      outcome: { result: 'refused', settled_by: 'person', person: 'Kim', note: 'not there after a day' },
    });
    expect(left(await service.invite(ANN))).toBe('49');
    expect(service.galileo.received.map(({ body }) => body).filter((body) => body.includes('bob@'))).toHaveLength(1);
  });

  it('as accepted replays as accepted, keeps its quota, and is asked about no more', async () => {
    const service = await start();
    service.galileo.script(cut);
    const headers = { ...KEY, Prefer: 'handling=lenient' };
    const first = await service.invite({ emails: ['ann@acme.com', 'eve@rival.io'] }, { headers });
    expect(await settle(service, first, 'accepted')).toEqual({ kind: 'settled' });
    const again = await service.invite({ emails: ['ann@acme.com', 'eve@rival.io'] }, { headers });
    expect(again.status).toBe(207);
    expect(await again.json()).toMatchObject({ sent: ['ann@acme.com'], refused: [{ email: 'eve@rival.io' }] });
    service.clock.advance(HOUR_MS);
    expect(await reconcileOnce(service)).toBe(0);
    expect(service.galileo.lookUps).toEqual([]);
    expect(left(await service.invite(ANN))).toBe('48');
  });

  it('is nobody’s to settle once it is known', async () => {
    const service = await start();
    const accepted = await service.invite(ANN);
    expect(await settle(service, accepted, 'refused')).toEqual({ kind: 'unchanged', state: 'accepted' });
    const denied = await service.invite({ emails: ['eve@rival.io'] });
    expect(await settle(service, denied, 'accepted')).toEqual({ kind: 'unchanged', state: 'denied' });
  });
});
