/**
 * Whether the service accepts requests, and the reason if not; used by /readyz here and on the ops port. The proof that
 * the ledger is writable is a write. Requests share that proof: however many arrive at once, the ledger is probed at
 * most once a second, whatever the result.
 */
import type { Deps } from '../../deps.ts';

export interface Readiness {
  readonly ready: boolean;
  readonly ledger: 'ok' | 'unavailable';
  readonly draining: boolean;
}

/** Where a request must not await another request's promise, requests during a probe get the last result. */
export type ReadinessDeps = Pick<Deps, 'ledger' | 'draining' | 'clock' | 'canAwaitAcrossRequests'>;

const PROOF_HOLDS_MS = 1_000;
/**
 * The most probes per second while there is no result yet and no probe can be shared; every other request is answered
 * "not ready". The count is per second, not of running probes: the probe of a caller who disconnected may never return.
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
