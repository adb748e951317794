import { describe, expect, it } from 'vitest';
import { testUuid7 } from '../../../support/clock.ts';
import {
  admission,
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  quotaCharge,
  requestsCharge,
  settlement,
} from '../../../support/ledger/ledger.ts';
import { KEY, R1, R2, R3 } from '../ledger-harness.ts';
import type { LedgerHarness } from '../ledger-harness.ts';

/** Quotas count addresses, and hold at the last unit. */
export function describeQuotas(harness: LedgerHarness): void {
  describe('quotas', () => {
    it('debits every charge and returns the state of each counter, in the order of the charges', async () => {
      harness.clock.advance(90_000);
      const charges = [
        requestsCharge(),
        quotaCharge({ amount: 4 }),
        quotaCharge({ quota: 'person', counter: 'x', limit: 3, visible: false }),
      ];
      expect(await harness.ledger.admit(admission(R1, { charges }))).toMatchObject({
        quotas: [
          {
            quota: 'burst',
            unit: 'requests',
            limit: 20,
            windowMs: MINUTE_MS,
            remaining: 19,
            resetMs: 30_000,
            visible: true,
          },
          {
            quota: 'app-day',
            unit: 'emails',
            limit: 10,
            windowMs: DAY_MS,
            remaining: 6,
            resetMs: 14 * HOUR_MS - 90_000,
            visible: true,
          },
          { quota: 'person', unit: 'emails', limit: 3, remaining: 2, visible: false },
        ],
      });
    });

    it('takes the last unit and not one more', async () => {
      expect(await harness.ledger.admit(admission(R1, { charges: [quotaCharge({ amount: 10 })] }))).toMatchObject({
        kind: 'admitted',
      });
      expect(await harness.ledger.admit(admission(R2, { charges: [quotaCharge()] }))).toEqual({
        kind: 'exhausted',
        exhausted: {
          quota: 'app-day',
          unit: 'emails',
          limit: 10,
          windowMs: DAY_MS,
          remaining: 0,
          resetMs: 14 * HOUR_MS,
          visible: true,
        },
        retryAfterS: 14 * 3600,
        quotas: [expect.objectContaining({ remaining: 0 })],
      });
    });

    it('records an exhausted quota as a denial that names it', async () => {
      await harness.ledger.admit(admission(R1, { charges: [quotaCharge({ amount: 11 })] }));
      expect(await harness.ledger.find(R1, null)).toMatchObject({
        state: 'denied',
        decided: { kind: 'denial', outcome: { result: 'denied', code: 'quota_exhausted', quota: 'app-day' } },
      });
    });

    it('debits no e-mail units at all when one charge does not fit', async () => {
      const charges = [quotaCharge({ amount: 5 }), quotaCharge({ quota: 'org-day', limit: 3, amount: 5 })];
      expect(await harness.ledger.admit(admission(R1, { charges }))).toMatchObject({
        kind: 'exhausted',
        exhausted: { quota: 'org-day', remaining: 3 },
      });
      expect(await harness.remaining()).toBe(10);
    });

    it('lets two charges on one counter share its units', async () => {
      const charges = [quotaCharge({ amount: 6 }), quotaCharge({ amount: 5 })];
      expect(await harness.ledger.admit(admission(R1, { charges }))).toMatchObject({ kind: 'exhausted' });
      expect(
        await harness.ledger.admit(admission(R2, { charges: charges.map((charge) => ({ ...charge, amount: 5 })) })),
      ).toMatchObject({
        kind: 'admitted',
        quotas: [{ remaining: 0 }, { remaining: 0 }],
      });
    });

    it('names the quota with the longest wait, the first among equals', async () => {
      const over = { limit: 0, amount: 1 };
      const charges = [
        requestsCharge(over),
        quotaCharge({ quota: 'a', ...over }),
        quotaCharge({ quota: 'b', ...over }),
      ];
      expect(await harness.ledger.admit(admission(R1, { charges }))).toMatchObject({
        kind: 'exhausted',
        exhausted: { quota: 'a' },
      });
    });

    it('counts refused and denied requests against `requests` quotas, also past the limit', async () => {
      const charges = [requestsCharge({ limit: 2 })];
      await harness.ledger.admit(admission(R1, { plan: 'deny', charges }));
      await harness.ledger.admit(admission(R2, { plan: 'deny', charges }));
      expect(await harness.ledger.admit(admission(R3, { plan: 'deny', charges }))).toMatchObject({
        kind: 'denied',
        quotas: [{ remaining: 0 }],
      });
      expect(await harness.ledger.admit(admission(testUuid7(4), { charges }))).toMatchObject({
        kind: 'exhausted',
        exhausted: { quota: 'burst' },
      });
      // Four requests were counted, so a limit of five has one left.
      expect(await harness.remaining(requestsCharge({ limit: 5 }))).toBe(1);
    });

    it('debits no request that counts admitted ones only for a denial, a replay or a refusal by another quota', async () => {
      const shared = requestsCharge({ quota: 'org-day', counter: '["org"]', limit: 3, admittedOnly: true });
      await harness.ledger.admit(admission(R1, { plan: 'deny', charges: [shared] }));
      await harness.ledger.admit(admission(R2, { charges: [shared, quotaCharge({ amount: 11 })] }));
      expect(await harness.remaining(shared)).toBe(3);
      await harness.ledger.admit(admission(R3, { charges: [shared], key: KEY }));
      await harness.ledger.settle(settlement(R3, 'accepted'));
      await harness.ledger.admit(admission(testUuid7(4), { charges: [shared], key: KEY }));
      expect(await harness.remaining(shared)).toBe(2);
    });

    it('refunds no request that counts admitted ones only', async () => {
      const shared = requestsCharge({ quota: 'org-day', counter: '["org"]', limit: 3, admittedOnly: true });
      await harness.ledger.admit(admission(R1, { charges: [shared, quotaCharge()] }));
      await harness.ledger.settle(settlement(R1, 'not_sent'));
      expect(await harness.remaining(shared)).toBe(2);
      expect(await harness.remaining()).toBe(10);
    });

    it('gives the last requests that all callers share to exactly as many, among parallel refused ones', async () => {
      const shared = requestsCharge({ quota: 'org-day', counter: '["org"]', limit: 3, admittedOnly: true });
      const all = await Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          harness.ledger.admit(admission(testUuid7(n), { plan: n % 2 === 0 ? 'deny' : 'send', charges: [shared] })),
        ),
      );
      expect(all.map(({ kind }) => kind).filter((kind) => kind !== 'denied')).toEqual([
        ...Array.from({ length: 3 }, () => 'admitted'),
        ...Array.from({ length: 17 }, () => 'exhausted'),
      ]);
    });

    const annOnce = quotaCharge({ quota: 'person', counter: '["invitee","ann"]', limit: 1, visible: false });
    const bobOnce = { ...annOnce, counter: '["invitee","bob"]' };

    it('names the counters of invitees that refuse, and no counter of the caller', async () => {
      await harness.ledger.admit(admission(R1, { charges: [annOnce] }));
      const charges = [quotaCharge({ amount: 11 }), annOnce, bobOnce];
      expect(await harness.ledger.admit(admission(R2, { charges }))).toMatchObject({
        kind: 'exhausted',
        invitees: [{ quota: 'person', counter: '["invitee","ann"]', remaining: 0, resetMs: 14 * HOUR_MS }],
      });
      const ofCaller = await harness.ledger.admit(admission(R3, { charges: [quotaCharge({ amount: 11 }), bobOnce] }));
      expect(ofCaller).not.toHaveProperty('invitees');
    });

    it('writes and debits nothing where the caller would rather leave invitees out, and admits the rest', async () => {
      await harness.ledger.admit(admission(R1, { charges: [annOnce] }));
      const all = admission(R2, {
        key: KEY,
        charges: [requestsCharge(), quotaCharge({ amount: 2 }), annOnce, bobOnce],
        leavesOutInvitees: true,
      });
      const answer = await harness.ledger.admit(all);
      expect(answer).toEqual({
        kind: 'invitees_exhausted',
        invitees: [{ quota: 'person', counter: '["invitee","ann"]', remaining: 0, resetMs: 14 * HOUR_MS }],
      });
      expect(await harness.ledger.admit({ ...all, repeated: true })).toEqual(answer);
      expect(await harness.outcomes()).toEqual(['admitted']);
      expect(await harness.remaining(requestsCharge())).toBe(20);
      expect(await harness.ledger.find(R2, null)).toBeNull();

      const rest = { ...all, charges: [requestsCharge(), quotaCharge({ amount: 1 }), bobOnce] };
      expect(await harness.ledger.admit(rest)).toMatchObject({ kind: 'admitted' });
      expect(await harness.remaining(requestsCharge())).toBe(19);
      expect(await harness.remaining()).toBe(9);
      expect(await harness.ledger.admit({ ...rest, repeated: true })).toMatchObject({ kind: 'admitted' });
    });

    it('admits a request that would leave invitees out and need not', async () => {
      expect(
        await harness.ledger.admit(admission(R1, { charges: [annOnce, bobOnce], leavesOutInvitees: true })),
      ).toMatchObject({ kind: 'admitted' });
    });

    it('refuses such a request for a counter of the caller as any other', async () => {
      const charges = [requestsCharge(), quotaCharge({ amount: 11 }), annOnce];
      expect(await harness.ledger.admit(admission(R1, { charges, leavesOutInvitees: true }))).toMatchObject({
        kind: 'exhausted',
        exhausted: { quota: 'app-day' },
      });
      expect(await harness.outcomes()).toEqual(['denied']);
      expect(await harness.remaining(requestsCharge())).toBe(19);
    });

    it('gives the last unit of an invitee to one of 20 parallel requests that would leave it out', async () => {
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          harness.ledger.admit(admission(testUuid7(n), { charges: [annOnce], leavesOutInvitees: true })),
        ),
      );
      expect(all.filter(({ kind }) => kind === 'admitted')).toHaveLength(1);
      expect(all.filter(({ kind }) => kind === 'invitees_exhausted')).toHaveLength(19);
    });

    it('debits no e-mail units for a denial', async () => {
      expect(
        await harness.ledger.admit(admission(R1, { plan: 'deny', charges: [quotaCharge({ amount: 4 })] })),
      ).toMatchObject({ quotas: [{ remaining: 10 }] });
      expect(await harness.remaining()).toBe(10);
    });

    it('begins a new window when the old one ends, aligned to the epoch', async () => {
      const charges = [quotaCharge({ windowMs: HOUR_MS, amount: 10 })];
      await harness.ledger.admit(admission(R1, { charges }));
      harness.clock.advance(HOUR_MS - 1);
      expect(await harness.ledger.admit(admission(R2, { charges }))).toMatchObject({
        kind: 'exhausted',
        retryAfterS: 1,
      });
      harness.clock.advance(1);
      expect(await harness.ledger.admit(admission(R3, { charges }))).toMatchObject({ kind: 'admitted' });
    });

    it('keeps the counts when the policy changes the limit', async () => {
      await harness.ledger.admit(admission(R1, { charges: [quotaCharge({ amount: 7 })] }));
      expect(await harness.remaining(quotaCharge({ limit: 8 }))).toBe(1);
      expect(await harness.remaining(quotaCharge({ limit: 5 }))).toBe(0);
    });

    it('counts each counter, unit and window length by itself', async () => {
      await harness.ledger.admit(admission(R1, { charges: [quotaCharge({ amount: 7 })] }));
      expect(await harness.remaining(quotaCharge({ counter: 'corp:other' }))).toBe(10);
      expect(await harness.remaining(quotaCharge({ unit: 'requests' }))).toBe(10);
      expect(await harness.remaining(quotaCharge({ windowMs: HOUR_MS }))).toBe(10);
      expect(await harness.remaining(quotaCharge({ quota: 'other' }))).toBe(10);
    });

    it('returns the usage without debiting', async () => {
      expect(await harness.ledger.usage([quotaCharge({ amount: 9 }), requestsCharge()])).toMatchObject([
        { remaining: 10 },
        { remaining: 20 },
      ]);
      expect(await harness.remaining()).toBe(10);
    });

    it('limits dry runs by their own charges, and writes nothing when they are used up', async () => {
      const charges = [requestsCharge({ quota: 'dry-runs', limit: 2 })];
      for (const id of [R1, R2])
        expect(await harness.ledger.admit(admission(id, { plan: 'dry_run', charges }))).toEqual({ kind: 'previewed' });
      expect(await harness.ledger.admit(admission(R3, { plan: 'dry_run', charges }))).toMatchObject({
        kind: 'exhausted',
        retryAfterS: 60,
      });
      expect(await harness.outcomes()).toEqual(['previewed', 'previewed']);
      harness.clock.advance(MINUTE_MS);
      expect(await harness.ledger.admit(admission(R3, { plan: 'dry_run', charges }))).toEqual({ kind: 'previewed' });
    });

    it('gives the last 10 units to exactly 10 of 40 parallel requests', async () => {
      const all = await Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          harness.ledger.admit(admission(testUuid7(n), { charges: [quotaCharge()] })),
        ),
      );
      expect(all.filter((one) => one.kind === 'admitted')).toHaveLength(10);
      expect(all.filter((one) => one.kind === 'exhausted')).toHaveLength(30);
      // Of one subject's refusals in a minute, 20 are recorded whole.
      expect((await harness.outcomes()).filter((result) => result === 'admitted')).toHaveLength(10);
      expect((await harness.outcomes()).filter((result) => result === 'denied')).toHaveLength(20);
    });
  });
}
