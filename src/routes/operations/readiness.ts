/**
 * Whether the service takes requests, and why not; asked by /readyz here and on the ops port. Being able to write is
 * proved by writing, so that proof is shared: anyone may ask as often and as many at once as they like, and the ledger is
 * asked at most once a second, whatever it answers.
 */
import type { Deps } from '../../deps.ts';

export interface Readiness {
  readonly ready: boolean;
  readonly ledger: 'ok' | 'unavailable';
  readonly draining: boolean;
}

/** Where a promise of another request must not be awaited, requests that come during a probe get the last result. */
export type ReadinessDeps = Pick<Deps, 'ledger' | 'draining' | 'clock' | 'canAwaitAcrossRequests'>;

const PROOF_HOLDS_MS = 1_000;
/**
 * As long as nothing is known and no proof can be shared, so many a second may seek it; others are told that it is not
 * ready. Counted by time: who has gone away may never come back from the ledger.
 */
const MAX_FIRST_PROOFS = 4;

export function createReadiness({
  ledger,
  draining,
  clock,
  canAwaitAcrossRequests,
}: ReadinessDeps): () => Promise<Readiness> {
  let last: { readonly atMs: number; readonly writable: Promise<boolean> | boolean } | null = null;
  let first = { sinceMs: Number.NaN, proofs: 0 };

  async function canWrite(): Promise<boolean> {
    const atMs = clock.now();
    const isFresh = (sinceMs: number): boolean => atMs >= sinceMs && atMs - sinceMs < PROOF_HOLDS_MS;
    if (last !== null && isFresh(last.atMs)) return await last.writable;
    if (last === null) {
      if (!isFresh(first.sinceMs)) first = { sinceMs: atMs, proofs: 0 };
      if (first.proofs >= MAX_FIRST_PROOFS) return false;
      first.proofs += 1;
    }
    const proof = ledger.probe().then(
      () => true,
      () => false,
    );
    if (canAwaitAcrossRequests) last = { atMs, writable: proof };
    else if (last !== null) last = { atMs, writable: last.writable };
    const writable = await proof;
    last = { atMs, writable };
    return writable;
  }

  return async () => {
    const writable = await canWrite();
    return { ready: writable && !draining(), ledger: writable ? 'ok' : 'unavailable', draining: draining() };
  };
}
