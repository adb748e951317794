import { createMemoryLedger } from '../../support/ledger/memory-ledger.ts';
import { describeLedger } from './suites/ledger.contract.ts';

describeLedger('the memory ledger', async (deps) => ({ ledger: createMemoryLedger(deps), close: async () => {} }));
