import { describeSignIn } from '../../contract/sign-in/sign-in.contract.ts';
import { openLedgerObject } from './ledger-harness.ts';

describeSignIn('the ledger object, asked over RPC by several isolates', async ({ clock, ids }) => {
  const harness = openLedgerObject({ clock, ids });
  return { clients: [harness.ledger, harness.client(), harness.client()], close: async () => {} };
});
