import { describe, expect, it } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../../../support/ledger/ledger.ts';
import type { LedgerHarness } from '../ledger-harness.ts';

const [FINGERPRINT, OTHER] = ['ab12cd34ef56', '0123456789ab'];
const LEASE_MS = 30_000;
const REFUSED = { reason: 'refused', forMs: HOUR_MS } as const;

/** An account is not locked by this service: after a refusal one attempt an hour, by one process. */
export function describeSignIns(harness: LedgerHarness): void {
  const claim = (name: string, fingerprint = FINGERPRINT) =>
    harness.ledger.claimSignIn({ fingerprint, claim: name, leaseMs: LEASE_MS });
  const end = (name: string, hold: typeof REFUSED | { reason: 'unanswered'; forMs: number } | null) =>
    harness.ledger.endSignIn({ fingerprint: FINGERPRINT, claim: name, hold });
  const granted = { kind: 'granted' };
  const held = (reason: string, waitMs: number) => ({ kind: 'held', hold: { reason, waitMs } });

  describe('a sign-in', () => {
    it('is made by one at a time, for each secret', async () => {
      expect(await claim('one')).toEqual(granted);
      expect(await claim('two')).toEqual(held('attempt', LEASE_MS));
      expect(await claim('two', OTHER)).toEqual(granted);
      expect(await harness.ledger.signInHold(FINGERPRINT)).toEqual({ reason: 'attempt', waitMs: LEASE_MS });
      await end('one', null);
      expect(await harness.ledger.signInHold(FINGERPRINT)).toBeNull();
      expect(await claim('two')).toEqual(granted);
    });

    it('that is asked for again, because the answer was lost, is granted again', async () => {
      await claim('one');
      expect(await claim('one')).toEqual(granted);
    });

    it('is free for another when its process ended without a report', async () => {
      await claim('one');
      harness.clock.advance(LEASE_MS);
      expect(await claim('two')).toEqual(granted);
      // The first one reports too late.
      await end('one', null);
      expect(await claim('three')).toMatchObject({ kind: 'held', hold: { reason: 'attempt' } });
    });

    it('that was refused holds the secret for an hour, and then lets one try', async () => {
      await claim('one');
      await end('one', REFUSED);
      expect(await claim('one')).toEqual(held('refused', HOUR_MS));
      harness.clock.advance(HOUR_MS - 1000);
      expect(await claim('two')).toEqual(held('refused', 1000));
      expect(await harness.ledger.signInHold(FINGERPRINT)).toEqual({ reason: 'refused', waitMs: 1000 });
      harness.clock.advance(1000);
      expect(await harness.ledger.signInHold(FINGERPRINT)).toEqual({ reason: 'refused', waitMs: 0 });
      const claimed = await Promise.all(['three', 'four', 'five'].map((name) => claim(name)));
      expect(claimed.map(({ kind }) => kind).toSorted()).toEqual(['granted', 'held', 'held']);
      expect(await harness.ledger.signInHold(FINGERPRINT)).toEqual({ reason: 'retry', waitMs: LEASE_MS });
    });

    it('that was refused holds no other secret', async () => {
      await claim('one');
      await end('one', REFUSED);
      expect(await claim('two', OTHER)).toEqual(granted);
    });

    it('counts as refused also without the claim, and is not freed by a claim that was granted before', async () => {
      await claim('one');
      await end('another', REFUSED);
      await end('one', null);
      expect(await claim('two')).toEqual(held('refused', HOUR_MS));
    });

    it('without an answer holds the secret for a while, never for more than an hour', async () => {
      await claim('one');
      await end('one', { reason: 'unanswered', forMs: MINUTE_MS });
      expect(await claim('two')).toEqual(held('unanswered', MINUTE_MS));
      harness.clock.advance(MINUTE_MS);
      await claim('two');
      await end('two', { reason: 'unanswered', forMs: 5 * HOUR_MS });
      expect(await claim('three')).toEqual(held('unanswered', HOUR_MS));
    });

    it('is held no longer than an hour when the clock was ahead and is corrected', async () => {
      const { ledger, clock } = harness;
      await claim('one');
      await end('one', REFUSED);
      const before = clock.now();
      clock.jump(-5 * HOUR_MS);
      await ledger.witness({ atMs: before - 5 * HOUR_MS, kind: 'now' });
      await ledger.prune({ sinks: [], keepRecordsMs: null });
      expect((await ledger.signInHold(FINGERPRINT))?.waitMs).toBeLessThanOrEqual(HOUR_MS);
      clock.advance(HOUR_MS + 1000);
      expect((await ledger.signInHold(FINGERPRINT))?.waitMs).toBe(0);
    });
  });

  describe('the salt of fingerprints', () => {
    it('is there from the beginning and stays', async () => {
      const salt = await harness.ledger.signInSalt();
      expect(salt).toMatch(/^[0-9a-f]{64}$/);
      await claim('one');
      expect(await harness.ledger.signInSalt()).toBe(salt);
    });
  });
}
