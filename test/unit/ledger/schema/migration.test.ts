import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { GENESIS } from '../../../../src/audit/chain.ts';
import { SCHEMA_VERSION } from '../../../../src/ledger/sqlite/schema.ts';
import { createSqliteLedger } from '../../../../src/ledger/sqlite/sqlite-ledger.ts';
import type { SqliteLedger } from '../../../../src/ledger/sqlite/sqlite-ledger.ts';
import { verifyTail } from '../../../../src/ledger/sqlite/trail/trail.ts';
import { createNodeSqlite } from '../../../../src/platform/node/ledger/sqlite.ts';
import { createFakeClock, createFakeIds, TEST_TIME_MS, testUuid7 } from '../../../support/clock.ts';
import { REPLY_RETENTION_MS } from '../../../../src/ledger/trusted-time.ts';
import {
  admission,
  ANN,
  BOB,
  CREATED,
  DAY_MS,
  KEEP_ALL,
  MINUTE_MS,
  quotaCharge,
  settlement,
} from '../../../support/ledger/ledger.ts';
import { checkpoint } from '../../../contract/ledger/ledger-harness.ts';
import { ACCEPTED, firstRelease, OPEN, UNKNOWN } from './first-release.ts';
import { asNinthVersion } from './ninth-schema.ts';

function migrated(): {
  ledger: SqliteLedger;
  sqlite: ReturnType<typeof firstRelease>;
  clock: ReturnType<typeof createFakeClock>;
} {
  const sqlite = firstRelease();
  const clock = createFakeClock();
  return { sqlite, clock, ledger: createSqliteLedger({ sqlite, clock, ids: createFakeIds(1000) }) };
}

describe('a ledger of the first release', () => {
  it('is migrated to this version, with its whole trail intact', () => {
    const { ledger, sqlite } = migrated();
    expect(sqlite.run(`SELECT version FROM ledger_version`)).toMatchObject([{ version: SCHEMA_VERSION }]);
    expect(ledger.chain()).toMatchObject({ base: GENESIS, head: { seq: 5 }, checkpoint: null });
    expect(verifyTail(sqlite, 500)).toMatchObject({ kind: 'intact', head: { seq: 5 } });
    expect(verifyTail(sqlite, 2)).toMatchObject({ kind: 'intact', head: { seq: 5 } });
  });

  it('gives every sink what it had not acknowledged, no more and no less', () => {
    const { ledger } = migrated();
    expect(ledger.lease('stdout', 10).map(({ position }) => position)).toEqual([48, 64, 80]);
    expect(ledger.backlog(['stdout', 'http'])).toMatchObject([{ records: 3 }, { records: 5 }]);
    ledger.ack('stdout', 80);
    expect(ledger.addCheckpoint(checkpoint(5))).toBe(true);
    expect(ledger.lease('stdout', 10)).toMatchObject([{ position: 81, kind: 'checkpoint' }]);
  });

  it('has its unknown requests due for an attempt at once, without the bytes it never kept', () => {
    const { ledger } = migrated();
    expect(ledger.unsettled(10)).toMatchObject([{ requestId: UNKNOWN, body: null, attempts: 0 }]);
    expect(ledger.settle(settlement(UNKNOWN, 'accepted', { by: 'person' }))).toEqual({ kind: 'settled' });
    expect(ledger.find(UNKNOWN, ANN)).toMatchObject({ state: 'accepted' });
  });

  it('continues with its open requests, and drops records past their retention', () => {
    const { ledger, sqlite, clock } = migrated();
    expect(ledger.settle(settlement(OPEN, 'accepted', { reply: CREATED }))).toEqual({ kind: 'settled' });
    ledger.settle(settlement(UNKNOWN, 'refused', { by: 'person' }));
    ledger.admit(admission(testUuid7(9), { plan: 'deny' }));
    ledger.addCheckpoint(checkpoint(7));
    for (let days = 0; days < 9; days += 1, clock.advance(DAY_MS)) ledger.prune(KEEP_ALL);
    ledger.witness({ atMs: clock.now(), kind: 'now' });
    expect(ledger.prune(KEEP_ALL)).toEqual({ records: 0, more: false });
    expect(ledger.prune({ sinks: [], keepRecordsMs: 8 * DAY_MS })).toEqual({ records: 7, more: false });
    expect(ledger.chain().base.seq).toBe(7);
    expect(verifyTail(sqlite, 500)).toMatchObject({ kind: 'intact', head: { seq: 8 } });
  });
});

describe('a ledger of the first release that has seen a clock 8 days ahead', () => {
  it('is corrected by the first witness that the machine’s clock agrees with', () => {
    const aheadMs = TEST_TIME_MS + 8 * DAY_MS;
    const sqlite = firstRelease(aheadMs);
    const charge = quotaCharge();
    const dayMs = Math.floor(aheadMs / DAY_MS) * DAY_MS;
    sqlite.run(
      `INSERT INTO counters (window_end, window_ms, quota, unit, counter, used) VALUES (?, ?, ?, ?, ?, ?)`,
      ...[dayMs + DAY_MS, DAY_MS, charge.quota, charge.unit, charge.counter, 10],
    );
    for (const [scope, keepUntil] of [
      ['before', TEST_TIME_MS + 2 * DAY_MS],
      ['under the wrong clock', aheadMs + 7 * DAY_MS],
    ] as const)
      sqlite.run(`INSERT INTO keys VALUES (?, ?, 'body', ?, '{}')`, scope, ACCEPTED, keepUntil);
    const clock = createFakeClock();
    const ledger = createSqliteLedger({ sqlite, clock, ids: createFakeIds(1000) });
    expect(ledger.clockState()).toEqual({ doubtMs: -8 * DAY_MS, witnessedMs: null });
    expect(ledger.prune(KEEP_ALL)).toEqual({ records: 0, more: false });

    ledger.witness({ atMs: TEST_TIME_MS, kind: 'now' });
    ledger.prune(KEEP_ALL);
    expect(ledger.clockState()).toEqual({ doubtMs: 0, witnessedMs: TEST_TIME_MS });
    expect(sqlite.run(`SELECT scope, keep_until FROM replies ORDER BY keep_until`)).toMatchObject([
      { scope: 'before', keep_until: TEST_TIME_MS + 2 * DAY_MS },
      { scope: 'under the wrong clock', keep_until: TEST_TIME_MS + REPLY_RETENTION_MS },
    ]);
    clock.advance(MINUTE_MS);
    expect(ledger.expired(10)).toMatchObject([{ requestId: OPEN }]);
    expect(ledger.unsettled(10)).toMatchObject([{ requestId: UNKNOWN, admittedAt: TEST_TIME_MS }]);
    // Used up for what is left of the real day, and then no longer.
    expect(ledger.usage([charge])).toMatchObject([{ remaining: 0 }]);
    clock.advance(DAY_MS);
    expect(ledger.usage([charge])).toMatchObject([{ remaining: 10 }]);
    clock.advance(7 * DAY_MS);
    expect(ledger.usage([charge])).toMatchObject([{ remaining: 10 }]);
  });
});

describe('a ledger of schema version 9, in which each request named its owner', () => {
  const [KEYED, REFUSED, DENIED, OF_BOB, IN_FLIGHT] = [1, 2, 3, 4, 5].map((n) => testUuid7(n)) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const KEY = 'key-0123456789abcdef';

  /** The same ledger as this version has it, and as version 9 had it. */
  function twoVersions() {
    const clock = createFakeClock();
    const open = (sqlite: ReturnType<typeof firstRelease>, ids: number) =>
      createSqliteLedger({ sqlite, clock, ids: createFakeIds(ids) });
    const now = createNodeSqlite(new DatabaseSync(':memory:'));
    const ledger = open(now, 1000);
    const charges = [quotaCharge()];
    ledger.admit(admission(KEYED, { key: KEY, charges }));
    ledger.settle(settlement(KEYED, 'accepted', { reply: CREATED }));
    ledger.admit(admission(REFUSED, { charges }));
    ledger.settle(settlement(REFUSED, 'unknown'));
    ledger.admit(admission(DENIED, { plan: 'deny' }));
    ledger.admit(admission(OF_BOB, { owner: BOB, key: KEY, charges }));
    ledger.admit(admission(IN_FLIGHT, { charges }));
    ledger.addCheckpoint(checkpoint(6));
    const ninth = asNinthVersion(now);
    const columns = 'keys.scope, request_id, fingerprint, keep_until, reply';
    const before = ninth.run(`SELECT ${columns} FROM keys ORDER BY scope`);
    const keys = () => ninth.run(`SELECT ${columns} FROM keys LEFT JOIN replies USING (seq) ORDER BY keys.scope`);
    const migratedLedger = open(ninth, 2000);
    return { clock, ninth, keys, before, ledgers: [ledger, migratedLedger] as const };
  }

  it('shows every owner the same requests, each with the same state and records', () => {
    const { ledgers } = twoVersions();
    const shown = ledgers.map((ledger) => ({
      lists: [ANN, BOB, null].map((owner) => ledger.list({ owner, before: null, limit: 10 })),
      page: ledger.list({ owner: null, before: OF_BOB, limit: 2 }),
      found: [KEYED, REFUSED, DENIED, OF_BOB, IN_FLIGHT].map((id) => [ledger.find(id, ANN), ledger.find(id, null)]),
      usage: ledger.usage([quotaCharge()]),
    }));
    expect(shown[1]).toEqual(shown[0]);
    expect(shown[1]?.lists.map(({ entries }) => entries.length)).toEqual([4, 1, 5]);
    expect(shown[1]?.page.entries.map(({ requestId }) => requestId)).toEqual([DENIED, REFUSED]);
  });

  it('keeps its keys, what it debited and the bytes that it sent', () => {
    const { ledgers, keys, before } = twoVersions();
    expect(keys()).toEqual(before);
    for (const ledger of ledgers) {
      expect(ledger.admit(admission(testUuid7(9), { key: KEY }))).toMatchObject({
        kind: 'replay',
        firstRequestId: KEYED,
        reply: CREATED,
      });
      expect(ledger.admit(admission(testUuid7(10), { key: KEY, owner: BOB }))).toMatchObject({ kind: 'in_flight' });
      expect(ledger.settle(settlement(OF_BOB, 'not_sent'))).toEqual({ kind: 'settled' });
      expect(ledger.settle(settlement(REFUSED, 'refused', { by: 'person' }))).toEqual({ kind: 'settled' });
      expect(ledger.usage([quotaCharge()])).toMatchObject([{ remaining: 8 }]);
    }
  });

  it('sweeps what was in flight, looks into what was unknown, and drops its past with its owners', () => {
    const { clock, ledgers, ninth } = twoVersions();
    clock.advance(MINUTE_MS);
    for (const ledger of ledgers) {
      expect(ledger.expired(10).map(({ requestId }) => requestId)).toEqual([OF_BOB, IN_FLIGHT]);
      expect(ledger.unsettled(10)).toMatchObject([{ requestId: REFUSED, body: expect.stringContaining('emails') }]);
      const retention = { sinks: [], keepRecordsMs: DAY_MS };
      ledger.witness({ atMs: clock.now(), kind: 'now' });
      for (const id of [OF_BOB, IN_FLIGHT]) ledger.settle(settlement(id, 'refused'));
      ledger.settle(settlement(REFUSED, 'refused', { by: 'person' }));
      ledger.addCheckpoint(checkpoint(9));
      expect(ledger.prune(retention).records).toBe(0);
    }
    // Past the retention of stored answers.
    clock.advance(9 * DAY_MS);
    for (const ledger of ledgers) {
      ledger.witness({ atMs: clock.now(), kind: 'now' });
      expect(ledger.prune({ sinks: [], keepRecordsMs: DAY_MS })).toEqual({ records: 9, more: false });
      expect(ledger.list({ owner: null, before: null, limit: 10 }).entries).toEqual([]);
    }
    expect(ninth.run(`SELECT * FROM owners`)).toEqual([]);
    expect([...ninth.run(`SELECT * FROM keys`), ...ninth.run(`SELECT * FROM replies`)]).toEqual([]);
  });

  it('is as it was when the migration is interrupted', () => {
    const { ninth: template } = twoVersions();
    // An earlier version again, of the migrated one.
    const ninth = asNinthVersion(template);
    const rows = () => ninth.run(`SELECT * FROM requests`);
    const before = rows();
    const failing: typeof ninth = {
      run: (sql, ...params) => {
        if (sql.includes('DROP TABLE former_keys')) throw new Error('power cut');
        return ninth.run(sql, ...params);
      },
      transaction: ninth.transaction,
    };
    const open = (sqlite: typeof ninth) =>
      createSqliteLedger({ sqlite, clock: createFakeClock(), ids: createFakeIds(3000) });
    expect(() => open(failing)).toThrow('power cut');
    expect(rows()).toEqual(before);
    expect(ninth.run(`SELECT version FROM ledger_version`)).toMatchObject([{ version: 9 }]);
    expect(open(ninth).list({ owner: null, before: null, limit: 10 }).entries).toHaveLength(5);
  });
});
