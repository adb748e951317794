import { afterEach, beforeEach, describe } from 'vitest';
import { describeAdmission } from './ledger-admission.contract.ts';
import { describeClock } from './ledger-clock.contract.ts';
import { describeEndings } from './ledger-ending.contract.ts';
import { describeKeys } from './ledger-key.contract.ts';
import { describeOutbox } from './ledger-outbox.contract.ts';
import { describeQuotas } from './ledger-quota.contract.ts';
import { describeRetention } from './ledger-retention.contract.ts';
import { describeSearch } from './ledger-search.contract.ts';
import { describeUnsettled } from './ledger-unsettled.contract.ts';
import { createLedgerWorld } from './ledger-world.ts';
import type { LedgerFactory } from './ledger-world.ts';

/**
 * What every ledger keeps, one sentence each. Runs against the reference model and against every
 * adapter; nothing here knows which one it has.
 */
export function describeLedger(name: string, factory: LedgerFactory): void {
  describe(`${name} keeps the ledger's promises`, () => {
    const world = createLedgerWorld(factory);
    beforeEach(() => world.open());
    afterEach(() => world.close());
    describeAdmission(world);
    describeQuotas(world);
    describeEndings(world);
    describeKeys(world);
    describeUnsettled(world);
    describeOutbox(world);
    describeSearch(world);
    describeRetention(world);
    describeClock(world);
  });
}
