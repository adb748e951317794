import { describeLedger } from '../../contract/ledger/ledger.contract.ts';
import { openLedgerBench } from './ledger-harness.ts';

describeLedger('the ledger object, asked over RPC', async ({ clock, ids }) => {
  const { ledger } = openLedgerBench({ clock, ids });
  return { ledger, close: async () => {} };
});
