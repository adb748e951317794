import { expect, it, onTestFinished } from 'vitest';
import { openPostgresLedger } from '../../../src/ledger/postgres/postgres-ledger.ts';
import { areIndexesSound } from '../../../src/ledger/postgres/reads/indexes.ts';
import { reading } from '../../../src/ledger/postgres/transaction.ts';
import { clock, ids, schedule } from '../../../src/platform/node/runtime.ts';
import { createPglitePort } from '../../support/postgres/pglite-port.ts';

it('the indexes of a new ledger are sound, also where the server writes every name in quotes', async () => {
  const port = await createPglitePort();
  onTestFinished(() => port.close());
  await openPostgresLedger({ port, schema: 'indexes', clock, ids, schedule });
  expect(await reading(port, 'indexes', (run) => areIndexesSound(run, 'indexes'))).toBe(true);
});
