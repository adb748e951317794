import { afterAll, beforeAll, expect, it } from 'vitest';
import { LEASE_MS } from '../../../src/ledger/postgres/leases.ts';
import { openPostgresLedger } from '../../../src/ledger/postgres/postgres-ledger.ts';
import type { PostgresLedger } from '../../../src/ledger/postgres/postgres-ledger.ts';
import type { PostgresConnection, PostgresPort } from '../../../src/ledger/postgres/postgres-port.ts';
import { withConnection } from '../../../src/ledger/postgres/transaction.ts';
import { LOOK_MS, refuseInUse } from '../../../src/platform/node/ledger/postgres/in-use.ts';
import { ids, schedule } from '../../../src/platform/node/runtime.ts';
import type { Schedule } from '../../../src/ports/schedule.ts';
import { createFakeClock } from '../../support/clock.ts';
import { createPglitePort } from '../../support/postgres/pglite-port.ts';
import type { PglitePort } from '../../support/postgres/pglite-port.ts';

const schema = 'in_use';
let port: PglitePort;
beforeAll(async () => {
  port = await createPglitePort();
});
afterAll(() => port.close());

const sql = (statement: string): Promise<readonly object[]> =>
  withConnection(port, async (connection) => await connection.run(statement));
const open = (): Promise<PostgresLedger> =>
  openPostgresLedger({ port, schema, schedule, ids, clock: createFakeClock() });

/** Time passes at once, and `onWait` says what happens meanwhile. */
function waiting(onWait: (waitedMs: number) => void): Schedule {
  let waitedMs = 0;
  return {
    after(delayMs, task) {
      waitedMs += delayMs;
      onWait(waitedMs);
      void Promise.resolve().then(task);
      return () => undefined;
    },
  };
}

it('a ledger that no replica uses is looked at for two heartbeats', async () => {
  await open();
  let looked = 0;
  await refuseInUse(port, { schema, namedBy: 'LEDGER_URL', schedule: waiting((waitedMs) => (looked = waitedMs)) });
  expect(looked).toBe(LOOK_MS);
});

it('a replica that shows itself while the ledger is looked at is found, whatever work it has', async () => {
  const ledger = await open();
  await ledger.heartbeat();
  const move = (byMs: number): string => `UPDATE ${schema}.leases SET until_ms = until_ms + ${byMs}`;
  await sql(move(-LEASE_MS));
  // PGlite has one session, so the heartbeat goes through the connection of the one who looks.
  let held: PostgresConnection | undefined;
  const shared: PostgresPort = { connect: async (wish) => (held = await port.connect(wish)) };
  let beat: Promise<unknown> | undefined;
  const look = refuseInUse(shared, {
    ...{ schema, namedBy: 'LEDGER_URL' },
    schedule: waiting((waitedMs) => {
      if (waitedMs > LOOK_MS / 2) beat ??= held?.run(move(LEASE_MS));
    }),
  });
  await expect(look).rejects.toThrow('LEDGER_URL names a ledger that a service uses');
  await beat;
});

it('a replica that ends is not in use any more, nor one that died a lease ago', async () => {
  const ends = await open();
  const died = await open();
  await ends.heartbeat();
  await died.heartbeat();
  const names = (): Promise<readonly object[]> => sql(`SELECT name FROM ${schema}.leases WHERE name LIKE 'replica %'`);
  expect(await names()).not.toEqual([]);
  await ends.retire();
  await sql(`UPDATE ${schema}.leases SET until_ms = until_ms - ${LEASE_MS}`);
  await refuseInUse(port, { schema, namedBy: 'LEDGER_URL', schedule: waiting(() => undefined) });
  const last = await open();
  await last.heartbeat();
  expect(await names()).toHaveLength(1);
});

it('a lease that ends later than any lease can, of a server whose clock was ahead, is no sign of use', async () => {
  await open();
  await sql(`DELETE FROM ${schema}.leases`);
  await sql(`INSERT INTO ${schema}.leases VALUES ('replica of before', 'of before', 9007199254740991)`);
  await refuseInUse(port, { schema, namedBy: 'LEDGER_URL', schedule: waiting(() => undefined) });
  const replica = await open();
  await replica.heartbeat();
  expect(await sql(`SELECT name FROM ${schema}.leases WHERE name = 'replica of before'`)).toEqual([]);
  await expect(
    refuseInUse(port, { schema, namedBy: 'LEDGER_URL', schedule: waiting(() => undefined) }),
  ).rejects.toThrow('LEDGER_URL names a ledger that a service uses');
});
