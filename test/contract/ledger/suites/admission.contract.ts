import { describe, expect, it } from 'vitest';
import { GENESIS_HASH, verifyChain } from '../../../../src/audit/chain.ts';
import { TEST_TIME_MS, testUuid7 } from '../../../support/clock.ts';
import {
  admission,
  ANN,
  BOB,
  HOUR_MS,
  quotaCharge,
  readRecords,
  readTrail,
  recordDraft,
  settlement,
} from '../../../support/ledger/ledger.ts';
import { R1, R2, R3, KEY } from '../ledger-harness.ts';
import type { LedgerHarness } from '../ledger-harness.ts';

/** The records of an admission, and what can be read afterwards. */
export function describeAdmission(harness: LedgerHarness): void {
  describe('admission', () => {
    it('writes the intent, with its expiry, before it says admitted', async () => {
      const admitted = await harness.ledger.admit(admission(R1));
      expect(admitted).toEqual({ kind: 'admitted', expiresAt: TEST_TIME_MS + 45_000, quotas: [] });
      expect(await readRecords(harness.ledger)).toMatchObject([
        {
          seq: 1,
          kind: 'intent',
          request_id: R1,
          time: '2026-03-02T10:00:00.000Z',
          outcome: { result: 'admitted', expires_at: '2026-03-02T10:00:45.000Z' },
        },
      ]);
    });

    it('keeps the draft as it was given, members of its own aside', async () => {
      await harness.ledger.admit(admission(R1, { plan: 'deny' }));
      const [line] = await readTrail(harness.ledger);
      const { seq, id, time, prev, hash, ...rest } = JSON.parse(line ?? '') as Record<string, unknown>;
      expect(rest).toEqual(recordDraft('denial', R1));
      expect({ seq, time, prev }).toEqual({ seq: 1, time: '2026-03-02T10:00:00.000Z', prev: GENESIS_HASH });
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
      expect(hash).toMatch(/^[0-9a-f]{64}$/);
    });

    it('writes a denial and shows the request as denied', async () => {
      expect(await harness.ledger.admit(admission(R1, { plan: 'deny' }))).toEqual({ kind: 'denied', quotas: [] });
      expect(await harness.ledger.find(R1, null)).toEqual({
        requestId: R1,
        owner: ANN,
        state: 'denied',
        admittedAt: TEST_TIME_MS,
        requestedAt: TEST_TIME_MS,
        expiresAt: null,
        settledAt: null,
        decided: recordDraft('denial', R1),
        outcome: null,
        unreadable: [],
        records: await harness.ledger.records(0, 10),
        replaysLeftOut: 0,
      });
    });

    it('refuses a request id that was used before, and changes nothing', async () => {
      await harness.ledger.admit(admission(R1, { charges: [quotaCharge()] }));
      await expect(harness.ledger.admit(admission(R1))).rejects.toThrow();
      expect(await harness.outcomes()).toEqual(['admitted']);
    });

    it('records a dry run without making a request of it', async () => {
      expect(await harness.ledger.admit(admission(R1, { plan: 'dry_run' }))).toEqual({ kind: 'previewed' });
      expect(await harness.outcomes()).toEqual(['previewed']);
      expect(await harness.ledger.find(R1, null)).toBeNull();
      expect(await harness.ledger.list({ owner: null, before: null, limit: 10 })).toEqual({ entries: [], next: null });
    });
  });

  describe('reading', () => {
    it('shows a request only to its owner and to readers of all requests', async () => {
      await harness.ledger.admit(admission(R1));
      expect(await harness.ledger.find(R1, null)).not.toBeNull();
      expect(await harness.ledger.find(R1, ANN)).not.toBeNull();
      expect(await harness.ledger.find(R1, BOB)).toBeNull();
      expect(await harness.ledger.find(R1, { ...ANN, clientId: 'it-tool' })).toBeNull();
      expect(await harness.ledger.find(R1, { ...ANN, issuer: 'https://other.example.com/' })).toBeNull();
      expect(await harness.ledger.find(R2, null)).toBeNull();
    });

    it('lists newest first, page by page, only what is the owner’s', async () => {
      await harness.ledger.admit(admission(R1));
      await harness.ledger.admit(admission(R2, { plan: 'deny' }));
      await harness.ledger.admit(admission(R3, { owner: BOB }));
      await harness.ledger.admit(admission(testUuid7(4)));
      const ids = async (owner: typeof ANN | null, before: string | null, limit: number) =>
        (await harness.ledger.list({ owner, before, limit })).entries.map((entry) => entry.requestId);
      expect(await ids(null, null, 3)).toEqual([testUuid7(4), R3, R2]);
      expect(await ids(null, R2, 3)).toEqual([R1]);
      expect(await ids(ANN, null, 2)).toEqual([testUuid7(4), R2]);
      expect(await ids(ANN, R2, 2)).toEqual([R1]);
      expect(await ids(BOB, null, 0)).toEqual([]);
    });

    it('hands out the trail in seq order after a cursor', async () => {
      for (const id of [R1, R2, R3]) await harness.ledger.admit(admission(id));
      expect((await harness.ledger.records(0, 2)).map((record) => record.seq)).toEqual([1, 2]);
      expect((await harness.ledger.records(2, 1000)).map((record) => record.seq)).toEqual([3]);
      expect(await harness.ledger.records(3, 1000)).toEqual([]);
      expect(await harness.ledger.records(0, 0)).toEqual([]);
      expect(await harness.ledger.records(0, -1)).toEqual([]);
    });
  });

  describe('the trail', () => {
    it('is one unbroken chain over every kind of step, in the order of their commits', async () => {
      await Promise.all([
        harness.ledger.admit(admission(R1, { key: KEY })),
        harness.ledger.admit(admission(R2, { plan: 'deny' })),
        harness.ledger.admit(admission(R3, { plan: 'dry_run' })),
      ]);
      await harness.ledger.settle(settlement(R1, 'accepted'));
      await harness.ledger.admit(admission(testUuid7(4), { key: KEY }));
      const lines = await readTrail(harness.ledger);
      expect(verifyChain(lines)).toMatchObject({ kind: 'intact', head: { seq: 5 } });
      expect(await harness.outcomes()).toEqual(['admitted', 'denied', 'previewed', 'accepted', 'replayed']);
    });

    it('opens no window again when the clock is set back', async () => {
      const charges = [quotaCharge({ windowMs: HOUR_MS, amount: 10 })];
      await harness.ledger.admit(admission(R1, { charges }));
      await harness.pass(HOUR_MS);
      harness.clock.jump(-HOUR_MS);
      await harness.ledger.admit(admission(R2, { charges }));
      expect(await harness.ledger.admit(admission(R3, { charges }))).toMatchObject({
        kind: 'exhausted',
        retryAfterS: 3600,
      });
    });

    it('answers a probe', async () => {
      await expect(harness.ledger.probe()).resolves.toBeUndefined();
      expect(await readTrail(harness.ledger)).toEqual([]);
    });
  });
}
