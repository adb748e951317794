import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { readServerClock } from '../../../src/ledger/postgres/head.ts';
import { clock, ids } from '../../../src/platform/node/runtime.ts';
import { testUuid7 } from '../../support/clock.ts';
import { admission, quotaCharge, settlement } from '../../support/ledger/ledger.ts';
import { connectTo, openTestLedger } from '../../support/postgres/postgres-ledger.ts';
import type { OpenedPostgresLedger } from '../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../support/postgres/postgres-server.ts';
import { startWireCounter } from '../../support/postgres/wire-counter.ts';
import type { WireCounter } from '../../support/postgres/wire-counter.ts';

/**
 * What an invite costs on the way to the database, counted on the wire, so on any machine alike: three round trips a batch,
 * however many steps are in it.
 */
let server: PostgresServer;
let wire: WireCounter;
let opened: OpenedPostgresLedger;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

beforeEach(async () => {
  wire = await startWireCounter(server);
  opened = await openTestLedger(wire.port, { clock, ids, readClock: readServerClock });
  // Of a caller who is known.
  await opened.ledger.admit(admission(testUuid7(1), { charges: CHARGES }));
  wire.take();
});
afterEach(async () => {
  await opened.close();
  await wire.close();
});

const CHARGES = ['app-day', 'burst', 'person'].map((quota) => quotaCharge({ quota, limit: 1_000 }));
const keyed = (n: number) => admission(testUuid7(n), { key: `order-of-person-${n}`, charges: CHARGES });

/** A statement for each table that the step reads or writes. A new one costs every batch, and wants a reason. */
const ADMISSION = { statements: 17, roundTrips: 3, commits: 1 };
const SETTLEMENT = { statements: 12, roundTrips: 3, commits: 1 };

describe('on the way to the database', () => {
  it.each([1, 8, 64, 128])('%i steps at once cost three round trips and one commit', async (steps) => {
    const { ledger } = opened;
    const all = Array.from({ length: steps }, (_, n) => n + 2);
    await Promise.all(all.map((n) => ledger.admit(keyed(n))));
    const admitted = wire.take();
    await Promise.all(all.map((n) => ledger.settle(settlement(testUuid7(n), 'accepted'))));
    expect({ admitted, settled: wire.take() }).toMatchObject({ admitted: ADMISSION, settled: SETTLEMENT });
  });

  it('an acknowledgement costs two round trips, and waits for no batch', async () => {
    const { ledger, schema } = opened;
    // As a batch of another replica that takes long.
    const holder = connectTo(server.port, 1);
    onTestFinished(() => holder.close());
    const connection = await holder.connect();
    await connection.run('BEGIN');
    await connection.run(`SELECT 1 FROM ${schema}.head FOR UPDATE`);
    await ledger.ack('http', 16);
    expect(wire.take()).toMatchObject({ roundTrips: 2, commits: 1 });
    await connection.commit();
    connection.release();
    await ledger.admit(keyed(2));
    expect(await ledger.backlog(['http'])).toMatchObject([{ records: 1 }]);
  });

  it('acknowledgements of two replicas at once leave the furthest', async () => {
    const { ledger, schema } = opened;
    const other = await openTestLedger(server.port, { clock, ids, schema, readClock: readServerClock });
    await Promise.all(Array.from({ length: 39 }, (_, n) => ledger.admit(keyed(n + 2))));
    await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        (n % 2 === 0 ? ledger : other.ledger).ack('http', 16 * (((n * 7) % 40) + 1)),
      ),
    );
    expect(await ledger.backlog(['http'])).toMatchObject([{ records: 0 }]);
    // One that is late moves nothing back, and none goes past the end.
    await other.ledger.ack('http', 16);
    await ledger.ack('http', 16 * 1_000);
    await ledger.admit(keyed(50));
    expect(await ledger.backlog(['http'])).toMatchObject([{ records: 1 }]);
    await other.close();
  });
});
