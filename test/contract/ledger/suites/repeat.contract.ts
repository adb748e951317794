import { describe, expect, it } from 'vitest';
import type { Admission } from '../../../../src/ledger/port.ts';
import { admission, BOB, quotaCharge, readTrail, requestsCharge, settlement } from '../../../support/ledger/ledger.ts';
import { KEY, R1, R2 } from '../ledger-harness.ts';
import type { LedgerHarness } from '../ledger-harness.ts';

/** The answer of an admission may be lost. The caller repeats it and says so. */
export function describeRepeats(harness: LedgerHarness): void {
  const charges = [requestsCharge(), quotaCharge()];
  const observe = async () => ({
    trail: await readTrail(harness.ledger),
    usage: await harness.ledger.usage(charges),
    requests: await harness.ledger.list({ owner: null, before: null, limit: 10 }),
  });

  const again = (given: Admission) => harness.ledger.admit({ ...given, repeated: true });

  const settleFirst = async (): Promise<void> => {
    await harness.ledger.admit(admission(R1, { key: KEY }));
    await harness.ledger.settle(settlement(R1, 'accepted'));
  };
  const decided: readonly [kind: string, given: Admission, before?: () => Promise<void>][] = [
    ['admitted', admission(R2, { key: KEY, charges })],
    ['denied', admission(R2, { plan: 'deny', charges })],
    ['exhausted', admission(R2, { charges: [requestsCharge(), quotaCharge({ amount: 11 })] })],
    ['exhausted', admission(R2, { plan: 'dry_run', charges: [requestsCharge({ limit: 0 })] })],
    ['previewed', admission(R2, { plan: 'dry_run', charges })],
    ['replay', admission(R2, { key: KEY, charges }), settleFirst],
  ];

  describe('the same admission again', () => {
    it.each(decided)('gives the same answer and changes nothing: %s', async (kind, given, before) => {
      await before?.();
      const answer = await harness.ledger.admit(given);
      expect(answer.kind).toBe(kind);
      const state = await observe();

      expect(await again(given)).toEqual(answer);
      expect(await again(given)).toEqual(answer);

      expect(await observe()).toEqual(state);
    });

    it('gives the same answer when both come at once', async () => {
      const given = admission(R1, { key: KEY, charges });
      const [first, second] = await Promise.all([harness.ledger.admit(given), again(given)]);
      expect(second).toEqual(first);
      expect(await harness.outcomes()).toEqual(['admitted']);
      expect(await harness.remaining()).toBe(9);
    });

    it('names the quota that refused it, also when another one is exhausted since', async () => {
      const given = admission(R1, {
        charges: [quotaCharge({ limit: 0 }), quotaCharge({ quota: 'org-day', limit: 1 })],
      });
      const answer = await harness.ledger.admit(given);
      await harness.ledger.admit(admission(R2, { charges: [quotaCharge({ quota: 'org-day', limit: 1 })] }));
      expect(await again(given)).toMatchObject({
        kind: 'exhausted',
        exhausted: { quota: 'app-day' },
        quotas: [{ remaining: 0 }, { remaining: 0 }],
      });
      expect(answer).toMatchObject({ kind: 'exhausted', exhausted: { quota: 'app-day' } });
    });

    it('is not told to send once the request has ended', async () => {
      const given = admission(R1, { charges });
      await harness.ledger.admit(given);
      await harness.ledger.settle(settlement(R1, 'unknown'));
      await expect(again(given)).rejects.toThrow();
      expect(await harness.outcomes()).toEqual(['admitted', 'unknown']);
    });

    it('is decided anew where nothing was decided before: its key was in flight', async () => {
      await harness.ledger.admit(admission(R1, { key: KEY }));
      const given = admission(R2, { key: KEY });
      expect(await harness.ledger.admit(given)).toMatchObject({ kind: 'in_flight' });
      await harness.ledger.settle(settlement(R1, 'accepted'));
      expect(await again(given)).toMatchObject({ kind: 'replay' });
      expect(await harness.outcomes()).toEqual(['admitted', 'accepted', 'replayed']);
    });

    it('is decided as a first one when the first call never arrived', async () => {
      expect(await again(admission(R1, { key: KEY, charges }))).toMatchObject({ kind: 'admitted' });
      expect(await harness.outcomes()).toEqual(['admitted']);
    });

    it('is refused to another owner, and changes nothing', async () => {
      await harness.ledger.admit(admission(R1, { charges }));
      const state = await observe();
      await expect(again(admission(R1, { charges, owner: BOB }))).rejects.toThrow();
      expect(await observe()).toEqual(state);
    });
  });
}
