import { describe, expect, it } from 'vitest';
import { testUuid7 } from '../../support/clock.ts';
import { admission, DAY_MS, HOUR_MS, MINUTE_MS, quotaClaim, requestsClaim } from '../../support/ledger/ledger.ts';
import { R1, R2, R3 } from './ledger-harness.ts';
import type { LedgerWorld } from './ledger-harness.ts';

/** Promise 5: quotas count addresses and hold at the last unit. */
export function describeQuotas(world: LedgerWorld): void {
  describe('quotas', () => {
    it('debits every claim and tells how each counter stands, in the order of the claims', async () => {
      world.clock.advance(90_000);
      const claims = [
        requestsClaim(),
        quotaClaim({ amount: 4 }),
        quotaClaim({ quota: 'person', counter: 'x', limit: 3, visible: false }),
      ];
      expect(await world.ledger.admit(admission(R1, { claims }))).toMatchObject({
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
      expect(await world.ledger.admit(admission(R1, { claims: [quotaClaim({ amount: 10 })] }))).toMatchObject({
        kind: 'admitted',
      });
      expect(await world.ledger.admit(admission(R2, { claims: [quotaClaim()] }))).toEqual({
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
      await world.ledger.admit(admission(R1, { claims: [quotaClaim({ amount: 11 })] }));
      expect(await world.ledger.find(R1, null)).toMatchObject({
        state: 'denied',
        decided: { kind: 'denial', outcome: { result: 'denied', code: 'quota_exhausted', quota: 'app-day' } },
      });
    });

    it('debits no e-mail units at all when one claim does not fit', async () => {
      const claims = [quotaClaim({ amount: 5 }), quotaClaim({ quota: 'org-day', limit: 3, amount: 5 })];
      expect(await world.ledger.admit(admission(R1, { claims }))).toMatchObject({
        kind: 'exhausted',
        exhausted: { quota: 'org-day', remaining: 3 },
      });
      expect(await world.remaining()).toBe(10);
    });

    it('lets two claims on one counter share its units', async () => {
      const claims = [quotaClaim({ amount: 6 }), quotaClaim({ amount: 5 })];
      expect(await world.ledger.admit(admission(R1, { claims }))).toMatchObject({ kind: 'exhausted' });
      expect(
        await world.ledger.admit(admission(R2, { claims: claims.map((claim) => ({ ...claim, amount: 5 })) })),
      ).toMatchObject({
        kind: 'admitted',
        quotas: [{ remaining: 0 }, { remaining: 0 }],
      });
    });

    it('names the quota with the longest wait, the first among equals', async () => {
      const over = { limit: 0, amount: 1 };
      const claims = [requestsClaim(over), quotaClaim({ quota: 'a', ...over }), quotaClaim({ quota: 'b', ...over })];
      expect(await world.ledger.admit(admission(R1, { claims }))).toMatchObject({
        kind: 'exhausted',
        exhausted: { quota: 'a' },
      });
    });

    it('counts refused and denied requests against `requests` quotas, also past the limit', async () => {
      const claims = [requestsClaim({ limit: 2 })];
      await world.ledger.admit(admission(R1, { plan: 'deny', claims }));
      await world.ledger.admit(admission(R2, { plan: 'deny', claims }));
      expect(await world.ledger.admit(admission(R3, { plan: 'deny', claims }))).toMatchObject({
        kind: 'denied',
        quotas: [{ remaining: 0 }],
      });
      expect(await world.ledger.admit(admission(testUuid7(4), { claims }))).toMatchObject({
        kind: 'exhausted',
        exhausted: { quota: 'burst' },
      });
      // Four were counted: a limit of five has one left.
      expect(await world.remaining(requestsClaim({ limit: 5 }))).toBe(1);
    });

    it('debits no e-mail units for a denial', async () => {
      expect(
        await world.ledger.admit(admission(R1, { plan: 'deny', claims: [quotaClaim({ amount: 4 })] })),
      ).toMatchObject({ quotas: [{ remaining: 10 }] });
      expect(await world.remaining()).toBe(10);
    });

    it('begins a new window when the old one ends, aligned to the epoch', async () => {
      const claims = [quotaClaim({ windowMs: HOUR_MS, amount: 10 })];
      await world.ledger.admit(admission(R1, { claims }));
      world.clock.advance(HOUR_MS - 1);
      expect(await world.ledger.admit(admission(R2, { claims }))).toMatchObject({ kind: 'exhausted', retryAfterS: 1 });
      world.clock.advance(1);
      expect(await world.ledger.admit(admission(R3, { claims }))).toMatchObject({ kind: 'admitted' });
    });

    it('keeps the counts when the policy changes the limit', async () => {
      await world.ledger.admit(admission(R1, { claims: [quotaClaim({ amount: 7 })] }));
      expect(await world.remaining(quotaClaim({ limit: 8 }))).toBe(1);
      expect(await world.remaining(quotaClaim({ limit: 5 }))).toBe(0);
    });

    it('counts each counter, unit and window length by itself', async () => {
      await world.ledger.admit(admission(R1, { claims: [quotaClaim({ amount: 7 })] }));
      expect(await world.remaining(quotaClaim({ counter: 'corp:other' }))).toBe(10);
      expect(await world.remaining(quotaClaim({ unit: 'requests' }))).toBe(10);
      expect(await world.remaining(quotaClaim({ windowMs: HOUR_MS }))).toBe(10);
      expect(await world.remaining(quotaClaim({ quota: 'other' }))).toBe(10);
    });

    it('tells usage without debiting', async () => {
      expect(await world.ledger.usage([quotaClaim({ amount: 9 }), requestsClaim()])).toMatchObject([
        { remaining: 10 },
        { remaining: 20 },
      ]);
      expect(await world.remaining()).toBe(10);
    });

    it('limits dry runs by their own claims, and writes nothing when they are used up', async () => {
      const claims = [requestsClaim({ quota: 'dry-runs', limit: 2 })];
      for (const id of [R1, R2])
        expect(await world.ledger.admit(admission(id, { plan: 'dry_run', claims }))).toEqual({ kind: 'previewed' });
      expect(await world.ledger.admit(admission(R3, { plan: 'dry_run', claims }))).toMatchObject({
        kind: 'exhausted',
        retryAfterS: 60,
      });
      expect(await world.outcomes()).toEqual(['previewed', 'previewed']);
      world.clock.advance(MINUTE_MS);
      expect(await world.ledger.admit(admission(R3, { plan: 'dry_run', claims }))).toEqual({ kind: 'previewed' });
    });

    it('gives the last 10 units to exactly 10 of 40 parallel requests', async () => {
      const all = await Promise.all(
        Array.from({ length: 40 }, (_, n) => world.ledger.admit(admission(testUuid7(n), { claims: [quotaClaim()] }))),
      );
      expect(all.filter((one) => one.kind === 'admitted')).toHaveLength(10);
      expect(all.filter((one) => one.kind === 'exhausted')).toHaveLength(30);
      expect(await world.outcomes()).toHaveLength(40);
    });
  });
}
