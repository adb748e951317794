import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import type { RequestRecord } from '../../../src/audit/record.ts';
import { withdrawIntent } from '../../../src/invite/settle/withdraw-intent.ts';
import { openPostgresLedger } from '../../../src/ledger/postgres/postgres-ledger.ts';
import { PostgresError } from '../../../src/ledger/postgres/postgres-port.ts';
import type { PostgresConnection } from '../../../src/ledger/postgres/postgres-port.ts';
import { createFakeClock, createFakeIds, TEST_TIME_MS, testUuid7 } from '../../support/clock.ts';
import { admission, quotaCharge, readTrail, settlement } from '../../support/ledger/ledger.ts';
import { createPglitePort } from '../../support/postgres/pglite-port.ts';
import type { PglitePort } from '../../support/postgres/pglite-port.ts';

/** An intent that was committed while its caller was told that the ledger is unavailable. */
let port: PglitePort;
beforeAll(async () => {
  port = await createPglitePort();
});
afterAll(() => port.close());

const CHARGE = quotaCharge({ limit: 1 });
const admitted = (n: number) => admission(testUuid7(n), { charges: [CHARGE], key: 'onboarding-run-1' });

type Fault = 'lost_before' | 'lost_after';

async function setup(schema: string, clock = createFakeClock()) {
  let database: 'there' | 'away' | Fault = 'there';
  const withdrawn: string[] = [];
  const lost = new PostgresError(null, 'unknown');
  const ledger = await openPostgresLedger({
    ...{ schema, clock, schedule: clock, ids: createFakeIds() },
    readClock: async () => TEST_TIME_MS + clock.monotonic(),
    withdrawals: { settlementOf: withdrawIntent, onSettled: ({ requestId }) => void withdrawn.push(requestId) },
    port: {
      async connect(): Promise<PostgresConnection> {
        if (database === 'away') throw new PostgresError(null, 'rolled_back');
        const connection = await port.connect();
        return {
          ...connection,
          async commit() {
            const isLost = database !== 'there';
            if (database !== 'lost_before') await connection.commit();
            if (!isLost) return;
            database = 'away';
            throw lost;
          },
        };
      },
    },
  });
  return {
    ...{ clock, ledger, withdrawn },
    /** Its commit is lost before or after the server has it, and the server cannot be asked until this returns. */
    async loseAdmission(n: number, fault: Fault = 'lost_after', meanwhile = async (): Promise<void> => undefined) {
      database = fault;
      const failed = ledger.admit(admitted(n)).catch((error: unknown) => error);
      await clock.until((waitingMs) => database === 'away' && waitingMs.length > 0);
      await clock.pass(6_000);
      await ledger.idle();
      await meanwhile();
      database = 'there';
      return await failed;
    },
    async records() {
      const lines = await readTrail(ledger);
      expect(verifyChain(lines).kind).toBe('intact');
      return lines.map((line) => JSON.parse(line) as RequestRecord);
    },
  };
}

it('is put on record as not sent by a service that gets no other request', async () => {
  const { clock, ledger, loseAdmission, records, withdrawn } = await setup('withdrawn_alone');
  expect(await loseAdmission(1)).toBeInstanceOf(PostgresError);
  await clock.pass(1_000);
  await ledger.idle();
  expect(withdrawn).toEqual([testUuid7(1)]);
  expect((await records()).map(({ kind }) => kind)).toEqual(['intent', 'outcome']);
  expect((await ledger.usage([CHARGE]))[0]?.remaining).toBe(1);
});

it('is put on record as not sent by the next batch: its quota is back, and its key is free in that batch', async () => {
  const { ledger, loseAdmission, records, withdrawn } = await setup('withdrawn');
  expect(await loseAdmission(1)).toBeInstanceOf(PostgresError);
  expect((await ledger.usage([CHARGE]))[0]?.remaining).toBe(0);
  expect(await ledger.admit(admitted(2))).toMatchObject({ kind: 'admitted' });
  expect(withdrawn).toEqual([testUuid7(1)]);
  const all = await records();
  expect(all.map(({ kind, request_id: id }) => [kind, id])).toEqual([
    ['intent', testUuid7(1)],
    ['outcome', testUuid7(1)],
    ['intent', testUuid7(2)],
  ]);
  expect(all[1]?.outcome).toEqual({
    result: 'not_sent',
    reason: 'unconfirmed',
    status: 503,
    code: 'ledger_unavailable',
    attempts: [],
    settled_by: 'exchange',
  });
  expect(await ledger.settle(settlement(testUuid7(2), 'accepted'))).toEqual({ kind: 'settled' });
  expect((await ledger.find(testUuid7(1), null))?.state).toBe('not_sent');
});

it('replaces the unknown outcome of another replica, which has swept it meanwhile', async () => {
  const { ledger, loseAdmission, clock, records, withdrawn } = await setup('swept');
  await loseAdmission(1, 'lost_after', async () => {
    await clock.pass(120_000);
    const { ledger: other } = await setup('swept', clock);
    expect(await other.settle({ ...settlement(testUuid7(1), 'unknown'), by: 'sweep' })).toEqual({ kind: 'settled' });
  });
  await ledger.recordSuppressed(1);
  expect(withdrawn).toEqual([testUuid7(1)]);
  expect((await records()).map(({ outcome }) => outcome.result)).toEqual(['admitted', 'unknown', 'not_sent']);
});

it('that the server never had leaves nothing', async () => {
  const { ledger, loseAdmission, records, withdrawn } = await setup('never_had');
  await loseAdmission(1, 'lost_before');
  expect(await ledger.admit(admitted(2))).toMatchObject({ kind: 'admitted' });
  expect(withdrawn).toEqual([]);
  expect((await records()).map(({ request_id: id }) => id)).toEqual([testUuid7(2)]);
});
