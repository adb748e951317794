import { describe, expect, it } from 'vitest';
import { REPLY_RETENTION_MS } from '../../../../src/ledger/trusted-time.ts';
import { testUuid7 } from '../../../support/clock.ts';
import {
  admission,
  ANN,
  BOB,
  DAY_MS,
  quotaCharge,
  readRecords,
  requestsCharge,
  settlement,
} from '../../../support/ledger/ledger.ts';
import { R1, R2, R3, KEY } from '../ledger-harness.ts';
import type { LedgerHarness } from '../ledger-harness.ts';

/** A repeated Idempotency-Key gets the stored answer, and nothing is sent twice. */
export function describeKeys(harness: LedgerHarness): void {
  describe('idempotency keys', () => {
    it('replays the stored answer, on record, whatever plan and quota say now', async () => {
      await harness.ledger.admit(admission(R1, { key: KEY }));
      const reply = {
        status: 429,
        contentType: 'application/problem+json',
        body: '{"é":1}',
        headers: { 'retry-after': '7' },
      };
      await harness.ledger.settle(settlement(R1, 'refused', { reply }));
      const spent = [requestsCharge({ limit: 0 })];
      expect(await harness.ledger.admit(admission(R2, { key: KEY, charges: spent }))).toEqual({
        kind: 'replay',
        firstRequestId: R1,
        reply,
      });
      expect(await harness.ledger.admit(admission(R3, { key: KEY, plan: 'deny' }))).toEqual({
        kind: 'replay',
        firstRequestId: R1,
        reply,
      });
      expect(await readRecords(harness.ledger)).toMatchObject([
        { kind: 'intent' },
        { kind: 'outcome' },
        { kind: 'replay', request_id: R2, outcome: { result: 'replayed', first_request_id: R1, status: 429 } },
        { kind: 'replay', request_id: R3 },
      ]);
      expect(await harness.remaining(requestsCharge())).toBe(20);
      expect(await harness.ledger.find(R2, null)).toBeNull();
    });

    it('answers in flight while the first is open: until it expires, from 1 to 5 seconds', async () => {
      await harness.ledger.admit(admission(R1, { key: KEY, expiresInMs: 7000 }));
      const again = () => harness.ledger.admit(admission(R2, { key: KEY }));
      expect(await again()).toEqual({ kind: 'in_flight', firstRequestId: R1, retryAfterS: 5 });
      harness.clock.advance(4500);
      expect(await again()).toMatchObject({ retryAfterS: 3 });
      harness.clock.advance(DAY_MS);
      expect(await again()).toMatchObject({ kind: 'in_flight', retryAfterS: 1 });
      expect(await harness.outcomes()).toEqual(['admitted']);
    });

    it('refuses the key for another body, in flight or settled, without a record', async () => {
      await harness.ledger.admit(admission(R1, { key: KEY }));
      const other = admission(R2, { key: KEY, fingerprint: 'body-2', charges: [requestsCharge()] });
      expect(await harness.ledger.admit(other)).toEqual({ kind: 'key_reused', firstRequestId: R1 });
      await harness.ledger.settle(settlement(R1, 'accepted'));
      expect(await harness.ledger.admit(other)).toEqual({ kind: 'key_reused', firstRequestId: R1 });
      expect(await harness.outcomes()).toEqual(['admitted', 'accepted']);
      expect(await harness.remaining(requestsCharge())).toBe(20);
    });

    it.each([
      ['subject', { owner: BOB }],
      ['client', { owner: { ...ANN, clientId: 'it-tool' } }],
      ['issuer', { owner: { ...ANN, issuer: 'https://other.example.com/' } }],
      ['route', { route: 'POST /v3/invite_users' }],
    ])('belongs to one %s', async (_what, changes) => {
      await harness.ledger.admit(admission(R1, { key: KEY }));
      expect(await harness.ledger.admit(admission(R2, { key: KEY, fingerprint: 'body-2', ...changes }))).toMatchObject({
        kind: 'admitted',
      });
    });

    it('is not bound by denials, exhausted quotas and dry runs', async () => {
      await harness.ledger.admit(admission(R1, { key: KEY, plan: 'deny' }));
      await harness.ledger.admit(admission(R2, { key: KEY, charges: [quotaCharge({ limit: 0 })] }));
      await harness.ledger.admit(admission(R3, { plan: 'dry_run' }));
      expect(await harness.ledger.admit(admission(testUuid7(4), { key: KEY, fingerprint: 'body-2' }))).toMatchObject({
        kind: 'admitted',
      });
    });

    it.each([['as it is'], ['pruned']])(
      'is kept for 7 days and the margin of the clock from settling, to the millisecond (%s)',
      async (pruned) => {
        await harness.ledger.admit(admission(R1, { key: KEY }));
        harness.clock.advance(1000);
        await harness.ledger.settle(settlement(R1, 'accepted'));
        const goOn = async (ms: number) => (pruned === 'pruned' ? harness.pass(ms) : harness.clock.advance(ms));
        await goOn(REPLY_RETENTION_MS - 1);
        expect(await harness.ledger.admit(admission(R2, { key: KEY }))).toMatchObject({ kind: 'replay' });
        await goOn(1);
        expect(await harness.ledger.admit(admission(R2, { key: KEY, fingerprint: 'body-2' }))).toMatchObject({
          kind: 'admitted',
        });
      },
    );

    it('is held without end while the outcome is unknown', async () => {
      await harness.ledger.admit(admission(R1, { key: KEY }));
      await harness.ledger.settle(settlement(R1, 'unknown'));
      await harness.pass(10 * REPLY_RETENTION_MS);
      expect(await harness.ledger.admit(admission(R2, { key: KEY }))).toMatchObject({
        kind: 'replay',
        firstRequestId: R1,
      });
    });

    it('admits exactly one of 40 parallel equal requests', async () => {
      const all = await Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          harness.ledger.admit(admission(testUuid7(n), { key: KEY, charges: [quotaCharge()] })),
        ),
      );
      expect(all.filter((one) => one.kind === 'admitted')).toHaveLength(1);
      expect(all.filter((one) => one.kind === 'in_flight')).toHaveLength(39);
      expect(await harness.remaining()).toBe(9);
    });
  });
}
