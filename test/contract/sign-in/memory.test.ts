import { createMemoryLedger } from '../../support/ledger/memory-ledger.ts';
import { describeSignIn } from './sign-in.contract.ts';

describeSignIn('the ledger in memory', async (deps) => {
  const ledger = createMemoryLedger(deps);
  return { clients: [ledger], close: async () => undefined };
});
