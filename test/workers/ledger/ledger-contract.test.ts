import { describeLedger } from '../../contract/ledger/ledger.contract.ts';
import { openLedgerObject } from './ledger-harness.ts';

describeLedger('the ledger object, asked over RPC', async ({ clock, ids }) => {
  const { ledger } = openLedgerObject({ clock, ids });
  return { ledger, close: async () => {} };
});
