import { afterEach, beforeEach, describe } from 'vitest';
import { describeAdmission } from './admission.contract.ts';
import { describeChanges } from './changes.contract.ts';
import { describeMachineClock, describeWitness } from './clock.contract.ts';
import { describeEndings } from './ending.contract.ts';
import { describeHistory } from './history.contract.ts';
import { describeKeys } from './key.contract.ts';
import { describeOutbox } from './outbox.contract.ts';
import { describeQuotas } from './quota.contract.ts';
import { describeReads } from './reads.contract.ts';
import { describeRepeats } from './repeat.contract.ts';
import { describeRetention } from './retention.contract.ts';
import { describeSearch } from './search.contract.ts';
import { describeSignIns } from './sign-in.contract.ts';
import { describeSuppression } from './suppression.contract.ts';
import { describeUnsettled } from './unsettled.contract.ts';
import { createLedgerHarness } from '../ledger-harness.ts';
import type { LedgerFactory } from '../ledger-harness.ts';

/**
 * The contract of every ledger, one sentence per test. It runs against the reference model and against every adapter,
 * and does not know which one it has.
 */
export function describeLedger(
  name: string,
  factory: LedgerFactory,
  /** Whose time the ledger keeps: its own, which witnesses correct, or that of a database server. */
  { clock = 'witnessed' }: { readonly clock?: 'witnessed' | 'server' } = {},
): void {
  describe(`${name} keeps the ledger's promises`, () => {
    const harness = createLedgerHarness(factory);
    beforeEach(() => harness.open());
    afterEach(() => harness.close());
    describeAdmission(harness);
    describeRepeats(harness);
    describeQuotas(harness);
    describeSuppression(harness);
    describeReads(harness);
    describeEndings(harness);
    describeKeys(harness);
    describeHistory(harness);
    describeUnsettled(harness);
    describeOutbox(harness);
    describeSearch(harness);
    describeRetention(harness);
    describeMachineClock(harness);
    if (clock === 'witnessed') describeWitness(harness);
    describeChanges(harness);
    describeSignIns(harness);
  });
}
