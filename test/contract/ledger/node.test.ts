import { DatabaseSync } from 'node:sqlite';
import { createFakeIds } from '../../support/clock.ts';
import { createLogCollector, openTempLedger } from '../ledger-file/ledger-temp.ts';
import { countInto, describeDamage } from './suites/damage.contract.ts';
import { describeLedger } from './suites/ledger.contract.ts';

describeLedger('the node:sqlite ledger', async (deps) => {
  const { ledger, remove } = await openTempLedger(deps);
  return { ledger, close: remove };
});

describeDamage('the node:sqlite ledger', async (clock) => {
  const logger = createLogCollector();
  const counted: string[] = [];
  const { ledger, path, remove } = await openTempLedger({
    clock,
    ids: createFakeIds(1_000_000),
    logger,
    metrics: countInto(counted),
  });
  const other = new DatabaseSync(path);
  return {
    ledger,
    logs: logger.lines,
    counted,
    sql: (statement) => other.exec(statement),
    async close() {
      other.close();
      await remove();
    },
  };
});
