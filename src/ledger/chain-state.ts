import type { ChainHead } from '../audit/chain.ts';
import type { TrailFault } from '../audit/checkpoint/trail-guard.ts';

/** Where the chain of the trail stands (Ledger.chain). Types only. */
export interface ChainState {
  /** The last record that retention dropped; the first kept one continues it. Genesis when none was dropped. */
  readonly base: ChainHead;
  readonly head: ChainHead;
  /** The last checkpoint; null when there is none. */
  readonly checkpoint: { readonly count: number; readonly madeAt: number } | null;
  /** What the last verification found, where the ledger's own process verifies; left out elsewhere. */
  readonly fault?: TrailFault | null;
}
