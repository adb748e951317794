import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { chainRecord, GENESIS, GENESIS_HASH } from '../../../src/audit/chain.ts';
import { SCHEMA_VERSION } from '../../../src/ledger/sqlite/schema.ts';
import { createSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts';
import type { SqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts';
import { verifyTail } from '../../../src/ledger/sqlite/trail/trail.ts';
import { createNodeSqlite } from '../../../src/platform/node/ledger/sqlite.ts';
import { createFakeClock, createFakeIds, TEST_TIME_MS, testUuid7 } from '../../support/clock.ts';
import { REPLY_RETENTION_MS } from '../../../src/ledger/trusted-time.ts';
import {
  admission,
  ANN,
  CREATED,
  DAY_MS,
  KEEP_ALL,
  MINUTE_MS,
  quotaCharge,
  recordDraft,
  settlement,
} from '../../support/ledger/ledger.ts';
import { checkpoint } from '../../contract/ledger/ledger-harness.ts';
import { FIRST_SCHEMA } from './first-schema.ts';

const [OPEN, UNKNOWN, ACCEPTED] = [testUuid7(1), testUuid7(2), testUuid7(3)] as const;

/** A ledger as the first release wrote it: five records, two of them acknowledged by `stdout`. */
function firstRelease(clockMs = TEST_TIME_MS) {
  const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
  for (const statement of FIRST_SCHEMA) sqlite.run(statement);
  const drafts = [
    recordDraft('intent', OPEN),
    recordDraft('intent', UNKNOWN),
    recordDraft('intent', ACCEPTED),
    recordDraft('outcome', UNKNOWN, { result: 'unknown' }),
    recordDraft('outcome', ACCEPTED),
  ];
  let prev = GENESIS_HASH;
  for (const [index, draft] of drafts.entries()) {
    const place = { seq: index + 1, id: testUuid7(500 + index), time: new Date(clockMs).toISOString(), prev };
    const { line, hash } = chainRecord(draft, place);
    sqlite.run(`INSERT INTO records (seq, line) VALUES (?, ?)`, place.seq, line);
    prev = hash;
  }
  sqlite.run(`UPDATE head SET seq = 5, hash = ?, clock_ms = ?`, prev, clockMs);
  sqlite.run(`INSERT INTO cursors (sink, seq) VALUES ('stdout', 2)`);
  const request = (id: string, state: string, decidedSeq: number, outcomeSeq: number | null) =>
    sqlite.run(
      `INSERT INTO requests (request_id, issuer, client_id, subject, state, admitted_at, expires_at, settled_at, settled_by,
         decided_seq, outcome_seq, key_scope, debits) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, '[]')`,
      ...[id, ANN.issuer, ANN.clientId, ANN.subject, state, clockMs, clockMs + 45_000],
      ...(outcomeSeq === null ? [null, null] : [clockMs, 'exchange']),
      ...[decidedSeq, outcomeSeq],
    );
  request(OPEN, 'open', 1, null);
  request(UNKNOWN, 'unknown', 2, 4);
  request(ACCEPTED, 'accepted', 3, 5);
  return sqlite;
}

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
    expect(sqlite.run(`SELECT scope, keep_until FROM keys ORDER BY keep_until`)).toMatchObject([
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
