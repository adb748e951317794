/**
 * Whether the service takes requests, and why not; asked by /readyz here and on the ops port. Being able to write is
 * proved by writing, so that proof is shared: anyone may ask as often as they like, and the ledger is written to at most
 * once a second. A failure is never remembered.
 */
import type { Deps } from '../deps.ts';

export interface Readiness {
  readonly ready: boolean;
  readonly ledger: 'ok' | 'unavailable';
  readonly draining: boolean;
}

const PROOF_HOLDS_MS = 1_000;

export function createReadiness({
  ledger,
  draining,
  clock,
}: Pick<Deps, 'ledger' | 'draining' | 'clock'>): () => Promise<Readiness> {
  let provedAtMs = Number.NEGATIVE_INFINITY;

  async function canWrite(): Promise<boolean> {
    const sinceMs = clock.now() - provedAtMs;
    if (sinceMs >= 0 && sinceMs < PROOF_HOLDS_MS) return true;
    try {
      await ledger.probe();
      provedAtMs = clock.now();
      return true;
    } catch {
      return false;
    }
  }

  return async () => {
    const writable = await canWrite();
    return { ready: writable && !draining(), ledger: writable ? 'ok' : 'unavailable', draining: draining() };
  };
}
