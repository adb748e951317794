import { openTempLedger } from '../ledger-file/ledger-temp.ts';
import { describeLedger } from './ledger.contract.ts';

describeLedger('the node:sqlite ledger', async (deps) => {
  const { ledger, remove } = await openTempLedger(deps);
  return { ledger, close: remove };
});
