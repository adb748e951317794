import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { REPLY_RETENTION_MS } from '../../../../src/ledger/trusted-time.ts';
import { createFakeClock, createFakeIds, TEST_TIME_MS, testUuid7 } from '../../../support/clock.ts';
import {
  admission,
  DAY_MS,
  HOUR_MS,
  KEEP_ALL,
  MINUTE_MS,
  quotaCharge,
  settlement,
} from '../../../support/ledger/ledger.ts';
import { freshSchema, openTestLedger } from '../../../support/postgres/postgres-ledger.ts';
import type { OpenedPostgresLedger } from '../../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../../support/postgres/postgres-server.ts';

/** The ledger's clock is that of the server. What a wrong one changes, and what is moved when it is set back. */
let server: PostgresServer;
let opened: OpenedPostgresLedger;
let serverMs: number;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

beforeEach(async () => {
  serverMs = TEST_TIME_MS;
  opened = await openTestLedger(server.port, {
    ...{ clock: createFakeClock(), ids: createFakeIds(), schema: freshSchema() },
    readClock: async () => serverMs,
  });
});
afterEach(() => opened.close());

const KEY = 'order-66-attempt-1';
const admit = (n: number, changes: Parameters<typeof admission>[1] = {}) =>
  opened.ledger.admit(admission(testUuid7(n), changes));
const remaining = async () => (await opened.ledger.usage([quotaCharge()]))[0]?.remaining;

describe('the clock of the server', () => {
  it('opens quota windows and frees keys, whatever the machine’s clock says', async () => {
    await admit(1, { key: KEY, charges: [quotaCharge({ amount: 9 })] });
    await opened.ledger.settle(settlement(testUuid7(1), 'accepted'));
    expect(await remaining()).toBe(1);
    serverMs += DAY_MS;
    expect(await remaining()).toBe(10);
    serverMs = TEST_TIME_MS + REPLY_RETENTION_MS - 1;
    expect(await admit(2, { key: KEY })).toMatchObject({ kind: 'replay' });
    serverMs += 1;
    expect(await admit(3, { key: KEY })).toMatchObject({ kind: 'admitted' });
  });

  it('that is set back frees no key, keeps no quota used up, and lets intents expire', async () => {
    serverMs = TEST_TIME_MS + 8 * DAY_MS;
    await admit(1, { key: KEY, charges: [quotaCharge({ amount: 4 })] });
    await admit(2, { charges: [quotaCharge({ amount: 5 })] });
    await admit(3);
    await opened.ledger.settle(settlement(testUuid7(1), 'accepted'));
    await opened.ledger.settle(settlement(testUuid7(3), 'unknown'));
    serverMs = TEST_TIME_MS;
    expect(await admit(4, { key: KEY })).toMatchObject({ kind: 'replay' });
    expect(await remaining()).toBe(1);
    expect(await opened.ledger.find(testUuid7(2), null)).toMatchObject({ admittedAt: TEST_TIME_MS });
    serverMs += MINUTE_MS;
    expect(await opened.ledger.expired(10)).toMatchObject([{ requestId: testUuid7(2) }]);
    expect(await opened.ledger.unsettled(10)).toMatchObject([{ requestId: testUuid7(3) }]);
    serverMs = TEST_TIME_MS + DAY_MS;
    expect(await remaining()).toBe(10);
    serverMs = TEST_TIME_MS + REPLY_RETENTION_MS - 1;
    await opened.ledger.prune(KEEP_ALL);
    expect(await admit(5, { key: KEY })).toMatchObject({ kind: 'replay' });
    serverMs += 1;
    expect(await admit(6, { key: KEY })).toMatchObject({ kind: 'admitted' });
  });

  it('that is set back by a little changes nothing', async () => {
    await admit(1, { charges: [quotaCharge({ amount: 4 })] });
    serverMs -= 20_000;
    await admit(2, { charges: [quotaCharge({ amount: 4 })] });
    expect(await remaining()).toBe(2);
    expect(await opened.ledger.find(testUuid7(1), null)).toMatchObject({ admittedAt: TEST_TIME_MS });
  });

  it('is compared with the machine’s, for operators', async () => {
    await admit(1);
    expect(opened.ledger.clockState().doubtMs).toBe(0);
    serverMs += HOUR_MS;
    await admit(2);
    expect(opened.ledger.clockState()).toEqual({ doubtMs: -HOUR_MS, witnessedMs: TEST_TIME_MS + HOUR_MS });
    expect(opened.ledger.now()).toBe(TEST_TIME_MS + HOUR_MS);
  });
});
