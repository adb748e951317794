import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readServerClock } from '../../../src/ledger/postgres/head.ts';
import { clock, ids } from '../../../src/platform/node/runtime.ts';
import { testUuid7 } from '../../support/clock.ts';
import { admission, quotaCharge, settlement } from '../../support/ledger/ledger.ts';
import { openTestLedger } from '../../support/postgres/postgres-ledger.ts';
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
});
