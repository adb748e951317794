import { openTempLedger } from '../ledger-file/ledger-temp.ts';
import { describeSignIn } from './sign-in.contract.ts';

describeSignIn('the node:sqlite ledger', async (deps) => {
  const { ledger, remove } = await openTempLedger(deps);
  return { clients: [ledger], close: remove };
});
