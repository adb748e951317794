import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verifyChain } from '../../../../src/audit/chain.ts';
import { clock, ids } from '../../../../src/platform/node/runtime.ts';
import { testUuid7 } from '../../../support/clock.ts';
import { admission, quotaCharge, readTrail, settlement } from '../../../support/ledger/ledger.ts';
import { freshSchema, openTestLedger } from '../../../support/postgres/postgres-ledger.ts';
import type { OpenedPostgresLedger } from '../../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../../support/postgres/postgres-server.ts';

/**
 * Two replicas on one ledger that race for the same thing. RACE_ROUNDS=1000 runs the full count:
 * `RACE_ROUNDS=1000 npx vitest run --project e2e-servers test/e2e/postgres/replicas/races.test.ts`.
 */
const ROUNDS = Number(process.env['RACE_ROUNDS'] ?? 50);
let server: PostgresServer;
let replicas: readonly OpenedPostgresLedger[];

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

beforeEach(async () => {
  const schema = freshSchema();
  const open = () => openTestLedger(server.port, { clock, ids, schema, readClock: async () => clock.now() });
  replicas = [await open(), await open()];
});
afterEach(async () => {
  for (const replica of replicas) await replica.close();
});

const ledgers = () => replicas.map(({ ledger }) => ledger);

describe('two replicas', () => {
  it('never give the last unit of a quota twice', async () => {
    let next = 1;
    const taken: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const charge = quotaCharge({ quota: `round-${round}`, limit: 3 });
      const admitted = await Promise.all(
        [...ledgers(), ...ledgers(), ...ledgers()].map((ledger) =>
          ledger.admit(admission(testUuid7(next++), { charges: [charge] })),
        ),
      );
      taken.push(admitted.filter(({ kind }) => kind === 'admitted').length);
    }
    expect(new Set(taken)).toEqual(new Set([3]));
  });

  it('never admit one key twice', async () => {
    let next = 1;
    const taken: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const key = `order-of-round-${round}`;
      const admitted = await Promise.all(
        [...ledgers(), ...ledgers()].map((ledger) => ledger.admit(admission(testUuid7(next++), { key }))),
      );
      taken.push(admitted.filter(({ kind }) => kind === 'admitted').length);
      expect(admitted.filter(({ kind }) => kind === 'in_flight')).toHaveLength(3);
    }
    expect(new Set(taken)).toEqual(new Set([1]));
  });

  it('write one chain, and settle what the other has admitted', async () => {
    const [first, second] = ledgers();
    if (first === undefined || second === undefined) throw new Error('two replicas');
    const all = Array.from({ length: 100 }, (_, n) => testUuid7(n + 1));
    await Promise.all(all.map((id, n) => (n % 2 === 0 ? first : second).admit(admission(id))));
    await Promise.all(all.map((id, n) => (n % 2 === 0 ? second : first).settle(settlement(id, 'accepted'))));
    const lines = await readTrail(first);
    expect(lines).toHaveLength(200);
    expect(verifyChain(lines).kind).toBe('intact');
    expect(await readTrail(second)).toEqual(lines);
  });

  it('deliver to a sink one at a time, and take over at once from one that retires', async () => {
    const [first, second] = ledgers();
    if (first === undefined || second === undefined) throw new Error('two replicas');
    await first.admit(admission(testUuid7(1)));
    expect(await first.lease('http', 10)).toHaveLength(1);
    expect(await second.lease('http', 10)).toEqual([]);
    await first.ack('http', 16);
    await second.admit(admission(testUuid7(2)));
    expect(await first.lease('http', 10)).toHaveLength(1);
    await first.retire();
    expect(await second.lease('http', 10)).toMatchObject([{ position: 32 }]);
    expect(await first.lease('http', 10)).toEqual([]);
  });

  it('add no checkpoint that forks the chain of checkpoints', async () => {
    const [first] = ledgers();
    if (first === undefined) throw new Error('two replicas');
    await first.admit(admission(testUuid7(1)));
    await first.admit(admission(testUuid7(2)));
    const checkpoint = (count: number) => ({
      count,
      madeAt: 1,
      line: JSON.stringify({ kind: 'checkpoint', count, previous: null }),
    });
    expect(await first.addCheckpoint(checkpoint(1))).toBe(true);
    expect(await first.addCheckpoint(checkpoint(2))).toBe(false);
  });
});
