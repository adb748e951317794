/**
 * Whether the service takes requests, and why not; asked by /readyz here and on the ops port. Being able to write is
 * proved by writing, so that proof is shared: anyone may ask as often and as many at once as they like, and the ledger is
 * asked at most once a second, whatever it answers.
 */
import type { Deps } from '../deps.ts';

export interface Readiness {
  readonly ready: boolean;
  readonly ledger: 'ok' | 'unavailable';
  readonly draining: boolean;
}

export interface ReadinessDeps extends Pick<Deps, 'ledger' | 'draining' | 'clock'> {
  /** Where a promise of another request must not be awaited, those who ask meanwhile are told what was so last. */
  readonly settings: Pick<Deps['settings'], 'shareInFlight'>;
}

const PROOF_HOLDS_MS = 1_000;
/** As long as nothing is known and no proof can be shared, so many may seek it; others are told that it is not ready. */
const MAX_FIRST_PROOFS = 4;

export function createReadiness({ ledger, draining, clock, settings }: ReadinessDeps): () => Promise<Readiness> {
  let last: { readonly atMs: number; readonly writable: Promise<boolean> | boolean } | null = null;
  let asking = 0;

  async function canWrite(): Promise<boolean> {
    const sinceMs = last === null ? Number.NaN : clock.now() - last.atMs;
    if (last !== null && sinceMs >= 0 && sinceMs < PROOF_HOLDS_MS) return await last.writable;
    const atMs = clock.now();
    if (last === null && asking >= MAX_FIRST_PROOFS) return false;
    asking += 1;
    const proof = ledger.probe().then(
      () => true,
      () => false,
    );
    if (settings.shareInFlight) last = { atMs, writable: proof };
    else if (last !== null) last = { atMs, writable: last.writable };
    const writable = await proof;
    asking -= 1;
    last = { atMs, writable };
    return writable;
  }

  return async () => {
    const writable = await canWrite();
    return { ready: writable && !draining(), ledger: writable ? 'ok' : 'unavailable', draining: draining() };
  };
}
