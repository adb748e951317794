import type { Admission, Settled, Settlement } from '../../port.ts';
import type { BatchStep } from './batches.ts';
import { STEP_NEEDS } from './steps.ts';

/**
 * Ends intents that are in the ledger although their admission was rejected: the answer came too late, or was lost. Their
 * callers have sent nothing, so this is what became of them.
 */
export interface Withdrawals {
  settlementOf(admission: Admission): Settlement;
  onSettled(settlement: Settlement): void;
}

export function settling(settlement: Settlement): BatchStep<Settled> {
  return {
    name: 'settle',
    need: (needs) => STEP_NEEDS.settle(needs, settlement),
    decide: (steps) => steps.settle(settlement),
  };
}

/** Does nothing when the intent is not there. */
export function withdrawing(admission: Admission, withdrawals: Withdrawals | undefined): BatchStep<Settled> | null {
  if (withdrawals === undefined) return null;
  const settlement = withdrawals.settlementOf(admission);
  return {
    ...settling(settlement),
    committed: ({ kind }) => void (kind === 'settled' && withdrawals.onSettled(settlement)),
  };
}
