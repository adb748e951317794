import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GENESIS_HASH, verifyChain } from '../../src/audit/chain.ts';
import { REPLY_RETENTION_MS } from '../../src/ledger/port.ts';
import type { Ending, Ledger } from '../../src/ledger/port.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Ids } from '../../src/ports/ids.ts';
import { createFakeClock, createFakeIds, TEST_TIME_MS, testUuid7 } from '../support/clock.ts';
import type { FakeClock } from '../support/clock.ts';
import { admission, ANN, BOB, CREATED, DAY_MS, HOUR_MS, MINUTE_MS, quotaClaim, readRecords, readTrail, recordDraft, requestsClaim, settlement } from '../support/ledger.ts';

/**
 * What every ledger keeps, one sentence each. Runs against the reference model and against every
 * adapter; nothing here knows which one it has.
 */
export type LedgerFactory = (deps: { clock: Clock; ids: Ids }) => Promise<{ ledger: Ledger; close: () => Promise<void> }>;

const R1 = testUuid7(1);
const R2 = testUuid7(2);
const R3 = testUuid7(3);
const KEY = 'order-66-attempt-1';

export function describeLedger(name: string, factory: LedgerFactory): void {
  describe(`${name} keeps the ledger's promises`, () => {
    let clock: FakeClock;
    let ledger: Ledger;
    let close: () => Promise<void>;

    beforeEach(async () => {
      clock = createFakeClock();
      ({ ledger, close } = await factory({ clock, ids: createFakeIds(1_000_000) }));
    });
    afterEach(() => close());

    const outcomes = async () => (await readRecords(ledger)).map((record) => record.outcome.result);
    const remaining = async (claim = quotaClaim()) => (await ledger.usage([claim]))[0]?.remaining;

    describe('admission', () => {
      it('writes the intent, with its expiry, before it says admitted', async () => {
        const admitted = await ledger.admit(admission(R1));
        expect(admitted).toEqual({ kind: 'admitted', expiresAt: TEST_TIME_MS + 45_000, quotas: [] });
        expect(await readRecords(ledger)).toMatchObject([
          { seq: 1, kind: 'intent', request_id: R1, time: '2026-03-02T10:00:00.000Z', outcome: { result: 'admitted', expires_at: '2026-03-02T10:00:45.000Z' } },
        ]);
      });

      it('keeps the draft as it was given, members of its own aside', async () => {
        await ledger.admit(admission(R1, { plan: 'deny' }));
        const [line] = await readTrail(ledger);
        const { seq, id, time, prev, hash, ...rest } = JSON.parse(line ?? '') as Record<string, unknown>;
        expect(rest).toEqual(recordDraft('denial', R1));
        expect({ seq, time, prev }).toEqual({ seq: 1, time: '2026-03-02T10:00:00.000Z', prev: GENESIS_HASH });
        expect(id).toMatch(/^[0-9a-f-]{36}$/);
        expect(hash).toMatch(/^[0-9a-f]{64}$/);
      });

      it('writes a denial and shows the request as denied', async () => {
        expect(await ledger.admit(admission(R1, { plan: 'deny' }))).toEqual({ kind: 'denied', quotas: [] });
        expect(await ledger.find(R1, null)).toEqual({
          requestId: R1,
          owner: ANN,
          state: 'denied',
          admittedAt: TEST_TIME_MS,
          expiresAt: null,
          settledAt: null,
          decided: recordDraft('denial', R1),
          outcome: null,
        });
      });

      it('refuses a request id that was used before, and changes nothing', async () => {
        await ledger.admit(admission(R1, { claims: [quotaClaim()] }));
        await expect(ledger.admit(admission(R1))).rejects.toThrow();
        expect(await outcomes()).toEqual(['admitted']);
      });

      it('records a dry run without making a request of it', async () => {
        expect(await ledger.admit(admission(R1, { plan: 'dry_run' }))).toEqual({ kind: 'previewed' });
        expect(await outcomes()).toEqual(['previewed']);
        expect(await ledger.find(R1, null)).toBeNull();
        expect(await ledger.list({ owner: null, before: null, limit: 10 })).toEqual([]);
      });
    });

    describe('quotas', () => {
      it('debits every claim and tells how each counter stands, in the order of the claims', async () => {
        clock.advance(90_000);
        const claims = [requestsClaim(), quotaClaim({ amount: 4 }), quotaClaim({ quota: 'person', counter: 'x', limit: 3, visible: false })];
        expect(await ledger.admit(admission(R1, { claims }))).toMatchObject({
          quotas: [
            { quota: 'burst', unit: 'requests', limit: 20, windowMs: MINUTE_MS, remaining: 19, resetMs: 30_000, visible: true },
            { quota: 'app-day', unit: 'emails', limit: 10, windowMs: DAY_MS, remaining: 6, resetMs: 14 * HOUR_MS - 90_000, visible: true },
            { quota: 'person', unit: 'emails', limit: 3, remaining: 2, visible: false },
          ],
        });
      });

      it('takes the last unit and not one more', async () => {
        expect(await ledger.admit(admission(R1, { claims: [quotaClaim({ amount: 10 })] }))).toMatchObject({ kind: 'admitted' });
        expect(await ledger.admit(admission(R2, { claims: [quotaClaim()] }))).toEqual({
          kind: 'exhausted',
          exhausted: { quota: 'app-day', unit: 'emails', limit: 10, windowMs: DAY_MS, remaining: 0, resetMs: 14 * HOUR_MS, visible: true },
          retryAfterS: 14 * 3600,
          quotas: [expect.objectContaining({ remaining: 0 })],
        });
      });

      it('records an exhausted quota as a denial that names it', async () => {
        await ledger.admit(admission(R1, { claims: [quotaClaim({ amount: 11 })] }));
        expect(await ledger.find(R1, null)).toMatchObject({
          state: 'denied',
          decided: { kind: 'denial', outcome: { result: 'denied', code: 'quota_exhausted', quota: 'app-day' } },
        });
      });

      it('debits no e-mail units at all when one claim does not fit', async () => {
        const claims = [quotaClaim({ amount: 5 }), quotaClaim({ quota: 'org-day', limit: 3, amount: 5 })];
        expect(await ledger.admit(admission(R1, { claims }))).toMatchObject({ kind: 'exhausted', exhausted: { quota: 'org-day', remaining: 3 } });
        expect(await remaining()).toBe(10);
      });

      it('lets two claims on one counter share its units', async () => {
        const claims = [quotaClaim({ amount: 6 }), quotaClaim({ amount: 5 })];
        expect(await ledger.admit(admission(R1, { claims }))).toMatchObject({ kind: 'exhausted' });
        expect(await ledger.admit(admission(R2, { claims: claims.map((claim) => ({ ...claim, amount: 5 })) }))).toMatchObject({
          kind: 'admitted',
          quotas: [{ remaining: 0 }, { remaining: 0 }],
        });
      });

      it('names the quota with the longest wait, the first among equals', async () => {
        const over = { limit: 0, amount: 1 };
        const claims = [requestsClaim(over), quotaClaim({ quota: 'a', ...over }), quotaClaim({ quota: 'b', ...over })];
        expect(await ledger.admit(admission(R1, { claims }))).toMatchObject({ kind: 'exhausted', exhausted: { quota: 'a' } });
      });

      it('counts refused and denied requests against `requests` quotas, also past the limit', async () => {
        const claims = [requestsClaim({ limit: 2 })];
        await ledger.admit(admission(R1, { plan: 'deny', claims }));
        await ledger.admit(admission(R2, { plan: 'deny', claims }));
        expect(await ledger.admit(admission(R3, { plan: 'deny', claims }))).toMatchObject({ kind: 'denied', quotas: [{ remaining: 0 }] });
        expect(await ledger.admit(admission(testUuid7(4), { claims }))).toMatchObject({ kind: 'exhausted', exhausted: { quota: 'burst' } });
        // Four were counted: a limit of five has one left.
        expect(await remaining(requestsClaim({ limit: 5 }))).toBe(1);
      });

      it('debits no e-mail units for a denial', async () => {
        expect(await ledger.admit(admission(R1, { plan: 'deny', claims: [quotaClaim({ amount: 4 })] }))).toMatchObject({ quotas: [{ remaining: 10 }] });
        expect(await remaining()).toBe(10);
      });

      it('begins a new window when the old one ends, aligned to the epoch', async () => {
        const claims = [quotaClaim({ windowMs: HOUR_MS, amount: 10 })];
        await ledger.admit(admission(R1, { claims }));
        clock.advance(HOUR_MS - 1);
        expect(await ledger.admit(admission(R2, { claims }))).toMatchObject({ kind: 'exhausted', retryAfterS: 1 });
        clock.advance(1);
        expect(await ledger.admit(admission(R3, { claims }))).toMatchObject({ kind: 'admitted' });
      });

      it('keeps the counts when the policy changes the limit', async () => {
        await ledger.admit(admission(R1, { claims: [quotaClaim({ amount: 7 })] }));
        expect(await remaining(quotaClaim({ limit: 8 }))).toBe(1);
        expect(await remaining(quotaClaim({ limit: 5 }))).toBe(0);
      });

      it('counts each counter, unit and window length by itself', async () => {
        await ledger.admit(admission(R1, { claims: [quotaClaim({ amount: 7 })] }));
        expect(await remaining(quotaClaim({ counter: 'corp:other' }))).toBe(10);
        expect(await remaining(quotaClaim({ unit: 'requests' }))).toBe(10);
        expect(await remaining(quotaClaim({ windowMs: HOUR_MS }))).toBe(10);
        expect(await remaining(quotaClaim({ quota: 'other' }))).toBe(10);
      });

      it('tells usage without debiting', async () => {
        expect(await ledger.usage([quotaClaim({ amount: 9 }), requestsClaim()])).toMatchObject([{ remaining: 10 }, { remaining: 20 }]);
        expect(await remaining()).toBe(10);
      });

      it('limits dry runs by their own claims, and writes nothing when they are used up', async () => {
        const claims = [requestsClaim({ quota: 'dry-runs', limit: 2 })];
        for (const id of [R1, R2]) expect(await ledger.admit(admission(id, { plan: 'dry_run', claims }))).toEqual({ kind: 'previewed' });
        expect(await ledger.admit(admission(R3, { plan: 'dry_run', claims }))).toMatchObject({ kind: 'exhausted', retryAfterS: 60 });
        expect(await outcomes()).toEqual(['previewed', 'previewed']);
        clock.advance(MINUTE_MS);
        expect(await ledger.admit(admission(R3, { plan: 'dry_run', claims }))).toEqual({ kind: 'previewed' });
      });

      it('gives the last 10 units to exactly 10 of 40 parallel requests', async () => {
        const all = await Promise.all(Array.from({ length: 40 }, (_, n) => ledger.admit(admission(testUuid7(n), { claims: [quotaClaim()] }))));
        expect(all.filter((one) => one.kind === 'admitted')).toHaveLength(10);
        expect(all.filter((one) => one.kind === 'exhausted')).toHaveLength(30);
        expect(await outcomes()).toHaveLength(40);
      });
    });

    describe('endings', () => {
      const CASES: readonly { ending: Ending; quota: 'kept' | 'returned'; repeat: 'replay' | 'admitted' }[] = [
        { ending: 'accepted', quota: 'kept', repeat: 'replay' },
        { ending: 'refused', quota: 'returned', repeat: 'replay' },
        { ending: 'not_sent', quota: 'returned', repeat: 'admitted' },
        { ending: 'unknown', quota: 'kept', repeat: 'replay' },
      ];

      it.each(CASES)('$ending: the quota is $quota, the key answers $repeat', async ({ ending, quota, repeat }) => {
        const claims = [quotaClaim({ amount: 4 }), requestsClaim()];
        await ledger.admit(admission(R1, { key: KEY, claims }));
        clock.advance(250);
        expect(await ledger.settle(settlement(R1, ending))).toEqual({ kind: 'settled' });
        expect(await ledger.find(R1, null)).toMatchObject({
          state: ending,
          settledAt: TEST_TIME_MS + 250,
          outcome: recordDraft('outcome', R1, { result: ending, settled_by: 'exchange' }),
        });
        expect(await remaining()).toBe(quota === 'kept' ? 6 : 10);
        expect(await remaining(requestsClaim())).toBe(19);
        expect(await ledger.admit(admission(R2, { key: KEY, claims }))).toMatchObject({ kind: repeat });
      });

      it('returns a refund to the window it was taken from', async () => {
        const claims = [quotaClaim({ windowMs: MINUTE_MS, amount: 4 })];
        await ledger.admit(admission(R1, { claims }));
        clock.advance(MINUTE_MS);
        await ledger.admit(admission(R2, { claims }));
        await ledger.settle(settlement(R1, 'refused'));
        expect(await remaining(claims[0])).toBe(6);
      });

      it('returns a refund to a window that is gone without touching another', async () => {
        const claims = [quotaClaim({ windowMs: MINUTE_MS, amount: 4 })];
        await ledger.admit(admission(R1, { claims }));
        clock.advance(5 * MINUTE_MS);
        await ledger.prune();
        await ledger.admit(admission(R2, { claims }));
        await ledger.settle(settlement(R1, 'not_sent'));
        expect(await remaining(claims[0])).toBe(6);
      });

      it('settles an exchange once: the second changes nothing', async () => {
        await ledger.admit(admission(R1, { key: KEY, claims: [quotaClaim()] }));
        await ledger.settle(settlement(R1, 'accepted'));
        expect(await ledger.settle(settlement(R1, 'refused'))).toEqual({ kind: 'unchanged', state: 'accepted' });
        expect(await remaining()).toBe(9);
        expect(await outcomes()).toEqual(['admitted', 'accepted']);
      });

      it('takes an exchange that says unknown as final', async () => {
        await ledger.admit(admission(R1));
        await ledger.settle(settlement(R1, 'unknown'));
        expect(await ledger.settle(settlement(R1, 'accepted'))).toEqual({ kind: 'unchanged', state: 'unknown' });
      });

      it('settles neither a denial nor what it never saw', async () => {
        await ledger.admit(admission(R1, { plan: 'deny' }));
        expect(await ledger.settle(settlement(R1, 'accepted'))).toEqual({ kind: 'unchanged', state: 'denied' });
        expect(await ledger.settle(settlement(R2, 'accepted'))).toEqual({ kind: 'not_found' });
        expect(await outcomes()).toEqual(['denied']);
      });
    });

    describe('the sweep', () => {
      const sweep = (ending: Ending = 'unknown') => settlement(R1, ending, { by: 'sweep', reply: { ...CREATED, status: 504 } });

      beforeEach(() => ledger.admit(admission(R1, { key: KEY, claims: [quotaClaim({ amount: 4 })] })));

      it('finds an intent at the moment it expires, not before', async () => {
        clock.advance(44_999);
        expect(await ledger.expired(10)).toEqual([]);
        expect(await ledger.settle(sweep())).toEqual({ kind: 'unchanged', state: 'open' });
        clock.advance(1);
        expect(await ledger.expired(10)).toEqual([
          { requestId: R1, intent: recordDraft('intent', R1, { expires_at: '2026-03-02T10:00:45.000Z' }) },
        ]);
        expect(await ledger.settle(sweep())).toEqual({ kind: 'settled' });
        expect(await ledger.expired(10)).toEqual([]);
      });

      it('lists expired intents oldest first, as many as asked for', async () => {
        await ledger.admit(admission(R2, { expiresInMs: 10 }));
        await ledger.admit(admission(R3, { expiresInMs: 20 }));
        clock.advance(DAY_MS);
        expect((await ledger.expired(2)).map((intent) => intent.requestId)).toEqual([R2, R3]);
      });

      it('never touches what the exchange settled', async () => {
        await ledger.settle(settlement(R1, 'accepted'));
        clock.advance(DAY_MS);
        expect(await ledger.settle(sweep())).toEqual({ kind: 'unchanged', state: 'accepted' });
      });

      it('yields to a late exchange, which refunds then and frees the key', async () => {
        clock.advance(45_000);
        await ledger.settle(sweep());
        expect(await ledger.admit(admission(R2, { key: KEY }))).toMatchObject({ kind: 'replay', reply: { status: 504 } });
        expect(await remaining()).toBe(6);
        expect(await ledger.settle(settlement(R1, 'not_sent'))).toEqual({ kind: 'settled' });
        expect(await remaining()).toBe(10);
        expect(await ledger.find(R1, null)).toMatchObject({ state: 'not_sent', outcome: { outcome: { result: 'not_sent' } } });
        expect(await ledger.admit(admission(R3, { key: KEY }))).toMatchObject({ kind: 'admitted' });
        expect(await ledger.settle(settlement(R1, 'refused'))).toEqual({ kind: 'unchanged', state: 'not_sent' });
      });

      it('yields to a late exchange, whose answer is replayed from then on', async () => {
        clock.advance(45_000);
        await ledger.settle(sweep());
        await ledger.settle(settlement(R1, 'accepted'));
        expect(await ledger.admit(admission(R2, { key: KEY }))).toMatchObject({ kind: 'replay', reply: CREATED });
      });

      it('changes nothing the second time', async () => {
        clock.advance(45_000);
        await ledger.settle(sweep());
        expect(await ledger.settle(sweep())).toEqual({ kind: 'unchanged', state: 'unknown' });
        expect(await outcomes()).toEqual(['admitted', 'unknown']);
      });
    });

    describe('idempotency keys', () => {
      it('replays the stored answer, on record, whatever plan and quota say now', async () => {
        await ledger.admit(admission(R1, { key: KEY }));
        const reply = { status: 429, contentType: 'application/problem+json', body: '{"é":1}', headers: { 'retry-after': '7' } };
        await ledger.settle(settlement(R1, 'refused', { reply }));
        const spent = [requestsClaim({ limit: 0 })];
        expect(await ledger.admit(admission(R2, { key: KEY, claims: spent }))).toEqual({ kind: 'replay', firstRequestId: R1, reply });
        expect(await ledger.admit(admission(R3, { key: KEY, plan: 'deny' }))).toEqual({ kind: 'replay', firstRequestId: R1, reply });
        expect(await readRecords(ledger)).toMatchObject([
          { kind: 'intent' },
          { kind: 'outcome' },
          { kind: 'replay', request_id: R2, outcome: { result: 'replayed', first_request_id: R1, status: 429 } },
          { kind: 'replay', request_id: R3 },
        ]);
        expect(await remaining(requestsClaim())).toBe(20);
        expect(await ledger.find(R2, null)).toBeNull();
      });

      it('answers in flight while the first is open: until it expires, from 1 to 5 seconds', async () => {
        await ledger.admit(admission(R1, { key: KEY, expiresInMs: 7000 }));
        const again = () => ledger.admit(admission(R2, { key: KEY }));
        expect(await again()).toEqual({ kind: 'in_flight', firstRequestId: R1, retryAfterS: 5 });
        clock.advance(4500);
        expect(await again()).toMatchObject({ retryAfterS: 3 });
        clock.advance(DAY_MS);
        expect(await again()).toMatchObject({ kind: 'in_flight', retryAfterS: 1 });
        expect(await outcomes()).toEqual(['admitted']);
      });

      it('refuses the key for another body, in flight or settled, without a record', async () => {
        await ledger.admit(admission(R1, { key: KEY }));
        const other = admission(R2, { key: KEY, fingerprint: 'body-2', claims: [requestsClaim()] });
        expect(await ledger.admit(other)).toEqual({ kind: 'key_reused', firstRequestId: R1 });
        await ledger.settle(settlement(R1, 'accepted'));
        expect(await ledger.admit(other)).toEqual({ kind: 'key_reused', firstRequestId: R1 });
        expect(await outcomes()).toEqual(['admitted', 'accepted']);
        expect(await remaining(requestsClaim())).toBe(20);
      });

      it.each([
        ['subject', { owner: BOB }],
        ['client', { owner: { ...ANN, clientId: 'it-tool' } }],
        ['issuer', { owner: { ...ANN, issuer: 'https://other.example.com/' } }],
        ['route', { route: 'POST /v3/invite_users' }],
      ])('belongs to one %s', async (_what, changes) => {
        await ledger.admit(admission(R1, { key: KEY }));
        expect(await ledger.admit(admission(R2, { key: KEY, fingerprint: 'body-2', ...changes }))).toMatchObject({ kind: 'admitted' });
      });

      it('is not bound by denials, exhausted quotas and dry runs', async () => {
        await ledger.admit(admission(R1, { key: KEY, plan: 'deny' }));
        await ledger.admit(admission(R2, { key: KEY, claims: [quotaClaim({ limit: 0 })] }));
        await ledger.admit(admission(R3, { plan: 'dry_run' }));
        expect(await ledger.admit(admission(testUuid7(4), { key: KEY, fingerprint: 'body-2' }))).toMatchObject({ kind: 'admitted' });
      });

      it.each([['as it is'], ['pruned']])('is kept for 7 days from settling, to the millisecond (%s)', async (pruned) => {
        await ledger.admit(admission(R1, { key: KEY }));
        clock.advance(1000);
        await ledger.settle(settlement(R1, 'accepted'));
        clock.advance(REPLY_RETENTION_MS - 1);
        if (pruned === 'pruned') await ledger.prune();
        expect(await ledger.admit(admission(R2, { key: KEY }))).toMatchObject({ kind: 'replay' });
        clock.advance(1);
        if (pruned === 'pruned') await ledger.prune();
        expect(await ledger.admit(admission(R2, { key: KEY, fingerprint: 'body-2' }))).toMatchObject({ kind: 'admitted' });
      });

      it('is held without end while the outcome is unknown', async () => {
        await ledger.admit(admission(R1, { key: KEY }));
        await ledger.settle(settlement(R1, 'unknown'));
        clock.advance(100 * REPLY_RETENTION_MS);
        await ledger.prune();
        expect(await ledger.admit(admission(R2, { key: KEY }))).toMatchObject({ kind: 'replay', firstRequestId: R1 });
      });

      it('admits exactly one of 40 parallel equal requests', async () => {
        const all = await Promise.all(
          Array.from({ length: 40 }, (_, n) => ledger.admit(admission(testUuid7(n), { key: KEY, claims: [quotaClaim()] }))),
        );
        expect(all.filter((one) => one.kind === 'admitted')).toHaveLength(1);
        expect(all.filter((one) => one.kind === 'in_flight')).toHaveLength(39);
        expect(await remaining()).toBe(9);
      });
    });

    describe('reading', () => {
      it('shows a request to its owner and to those who may see all, to nobody else', async () => {
        await ledger.admit(admission(R1));
        expect(await ledger.find(R1, null)).not.toBeNull();
        expect(await ledger.find(R1, ANN)).not.toBeNull();
        expect(await ledger.find(R1, BOB)).toBeNull();
        expect(await ledger.find(R1, { ...ANN, clientId: 'it-tool' })).toBeNull();
        expect(await ledger.find(R1, { ...ANN, issuer: 'https://other.example.com/' })).toBeNull();
        expect(await ledger.find(R2, null)).toBeNull();
      });

      it('lists newest first, page by page, only what is the owner’s', async () => {
        await ledger.admit(admission(R1));
        await ledger.admit(admission(R2, { plan: 'deny' }));
        await ledger.admit(admission(R3, { owner: BOB }));
        await ledger.admit(admission(testUuid7(4)));
        const ids = async (owner: typeof ANN | null, before: string | null, limit: number) =>
          (await ledger.list({ owner, before, limit })).map((entry) => entry.requestId);
        expect(await ids(null, null, 3)).toEqual([testUuid7(4), R3, R2]);
        expect(await ids(null, R2, 3)).toEqual([R1]);
        expect(await ids(ANN, null, 2)).toEqual([testUuid7(4), R2]);
        expect(await ids(ANN, R2, 2)).toEqual([R1]);
        expect(await ids(BOB, null, 0)).toEqual([]);
      });

      it('hands out the trail in seq order after a cursor', async () => {
        for (const id of [R1, R2, R3]) await ledger.admit(admission(id));
        expect((await ledger.records(0, 2)).map((record) => record.seq)).toEqual([1, 2]);
        expect((await ledger.records(2, 1000)).map((record) => record.seq)).toEqual([3]);
        expect(await ledger.records(3, 1000)).toEqual([]);
        expect(await ledger.records(0, 0)).toEqual([]);
        expect(await ledger.records(0, -1)).toEqual([]);
      });

      it('leases to each sink what that sink has not acknowledged', async () => {
        for (const id of [R1, R2, R3]) await ledger.admit(admission(id));
        const leased = async (sink: string) => (await ledger.lease(sink, 10)).map((record) => record.seq);
        await ledger.ack('stdout', 2);
        expect(await leased('stdout')).toEqual([3]);
        expect(await leased('http')).toEqual([1, 2, 3]);
        await ledger.ack('stdout', 1);
        expect(await leased('stdout')).toEqual([3]);
      });

      it('leases a record that came after a sink acknowledged too much', async () => {
        await ledger.admit(admission(R1));
        await ledger.ack('stdout', 1_000_000);
        await ledger.admit(admission(R2));
        expect((await ledger.lease('stdout', 10)).map((record) => record.seq)).toEqual([2]);
      });
    });

    describe('the trail', () => {
      it('is one unbroken chain over every kind of step, in the order of their commits', async () => {
        await Promise.all([
          ledger.admit(admission(R1, { key: KEY })),
          ledger.admit(admission(R2, { plan: 'deny' })),
          ledger.admit(admission(R3, { plan: 'dry_run' })),
        ]);
        await ledger.settle(settlement(R1, 'accepted'));
        await ledger.admit(admission(testUuid7(4), { key: KEY }));
        const lines = await readTrail(ledger);
        expect(verifyChain(lines)).toMatchObject({ kind: 'intact', head: { seq: 5 } });
        expect(await outcomes()).toEqual(['admitted', 'denied', 'previewed', 'accepted', 'replayed']);
      });

      it('never lets time run backwards, nor a window open again', async () => {
        const claims = [quotaClaim({ windowMs: HOUR_MS, amount: 10 })];
        await ledger.admit(admission(R1, { claims }));
        clock.advance(HOUR_MS);
        await ledger.prune();
        clock.advance(-HOUR_MS);
        await ledger.admit(admission(R2, { claims }));
        expect(await ledger.admit(admission(R3, { claims }))).toMatchObject({ kind: 'exhausted', retryAfterS: 3600 });
        expect((await readRecords(ledger)).map((record) => (record as unknown as { time: string }).time)).toEqual([
          '2026-03-02T10:00:00.000Z',
          '2026-03-02T11:00:00.000Z',
          '2026-03-02T11:00:00.000Z',
        ]);
      });

      it('answers a probe', async () => {
        await expect(ledger.probe()).resolves.toBeUndefined();
        expect(await readTrail(ledger)).toEqual([]);
      });
    });
  });
}
