import { runInDurableObject } from 'cloudflare:test';
import { createFakeIds } from '../../support/clock.ts';
import { countInto, describeDamage } from '../../contract/ledger/suites/damage.contract.ts';
import { describeLedger } from '../../contract/ledger/suites/ledger.contract.ts';
import { openLedgerObject } from './ledger-harness.ts';

describeLedger('the ledger object, asked over RPC', async ({ clock, ids }) => {
  const harness = openLedgerObject({ clock, ids });
  return {
    ledger: harness.ledger,
    close: async () => {},
    // The step of the object that RPC calls, without thousands of calls.
    admitAll: (admissions) =>
      runInDurableObject(harness.stub, (object) => {
        for (const one of admissions) {
          const answer = object.step('admit', [one]);
          if (answer.kind !== 'done') throw new Error(`admission failed: ${answer.reason}`);
        }
      }),
  };
});

describeDamage('the ledger object, asked over RPC', async (clock) => {
  const counted: string[] = [];
  const harness = openLedgerObject({ clock, ids: createFakeIds(1_000_000), metrics: countInto(counted) });
  return {
    ledger: harness.ledger,
    logs: harness.logs,
    counted,
    sql: (statement) => runInDurableObject(harness.stub, (_object, { storage }) => void storage.sql.exec(statement)),
    close: async () => {},
  };
});
