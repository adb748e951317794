import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { ReadRecord } from '../../../src/audit/record.ts';
import { createBatchedLedger } from '../../../src/ledger/batched-ledger.ts';
import { countRead } from '../../../src/ledger/records/read-count.ts';
import { createSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts';
import { createNodeSqlite } from '../../../src/platform/node/ledger/sqlite.ts';
import { createFakeClock, createFakeIds, TEST_TIME_MS } from '../../support/clock.ts';
import { MINUTE_MS, readReport } from '../../support/ledger/ledger.ts';

function open() {
  const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
  const clock = createFakeClock();
  const unreadable: unknown[] = [];
  const start = () =>
    createSqliteLedger({
      sqlite,
      clock,
      ids: createFakeIds(1_000_000),
      reportUnreadable: (value) => void unreadable.push(value),
    });
  return { sqlite, clock, start, unreadable };
}

const lastRead = (ledger: ReturnType<ReturnType<typeof open>['start']>): ReadRecord['read'] | undefined => {
  const line = ledger.records(0, 100).at(-1)?.line;
  return line === undefined ? undefined : (JSON.parse(line) as ReadRecord).read;
};

describe('counts of reads in the SQLite ledger', () => {
  it('count no read of a batch that was rolled back twice', async () => {
    const { sqlite, clock, start } = open();
    const core = start();
    const ledger = createBatchedLedger({ core, sqlite, check() {}, defer() {}, monotonic: () => 0, onFailure() {} });
    // A lone surrogate has no canonical form, so its scope cannot be computed.
    const unwritable = readReport(9, { reader: { ...readReport(9).reader, subject: '\uD800' } });
    const all = [readReport(1), readReport(2), unwritable, readReport(3)].map((report) => ledger.countRead(report));
    ledger.flush();
    expect((await Promise.allSettled(all)).filter(({ status }) => status === 'rejected')).toHaveLength(1);
    clock.advance(MINUTE_MS);
    expect(core.recordReads(10)).toEqual({ records: 1, more: false });
    expect(lastRead(core)?.count).toBe(3);
  });

  it('survive a restart', () => {
    const { clock, start } = open();
    start().countRead(readReport(1));
    const again = start();
    again.countRead(readReport(2));
    clock.advance(MINUTE_MS);
    again.countRead(readReport(3));
    expect(again.recordReads(10)).toEqual({ records: 1, more: false });
    expect(lastRead(again)?.count).toBe(2);
    clock.advance(MINUTE_MS);
    expect(again.recordReads(10)).toEqual({ records: 1, more: false });
    expect(lastRead(again)?.count).toBe(1);
  });

  it('begin anew when the row is damaged, which is reported', () => {
    const { sqlite, clock, start, unreadable } = open();
    const ledger = start();
    ledger.countRead(readReport(1));
    sqlite.run(`UPDATE reads SET minute = '{"draft":'`);
    ledger.countRead(readReport(2));
    clock.advance(MINUTE_MS);
    expect(ledger.recordReads(10)).toEqual({ records: 1, more: false });
    expect(lastRead(ledger)?.count).toBe(1);
    ledger.countRead(readReport(3));
    sqlite.run(`UPDATE reads SET minute = '[]'`);
    clock.advance(MINUTE_MS);
    expect(ledger.recordReads(10)).toEqual({ records: 0, more: false });
    expect(unreadable).toEqual([
      { part: 'reads', reason: 'other_shape' },
      { part: 'reads', reason: 'other_shape' },
    ]);
  });

  it('of a minute of a clock that was corrected since are recorded', () => {
    const { sqlite, start } = open();
    const ledger = start();
    ledger.countRead(readReport(1));
    sqlite.run(`UPDATE reads SET window_end = window_end + 86400000`);
    expect(ledger.recordReads(10)).toEqual({ records: 1, more: false });
  });

  it('leave the row of a subject that was suppressed alone, and the other way round', () => {
    const { sqlite, clock, start } = open();
    const ledger = start();
    ledger.countRead(readReport(1));
    clock.advance(MINUTE_MS);
    expect(ledger.recordSuppressed(10)).toEqual({ requests: 0, more: false });
    expect(sqlite.run('SELECT * FROM reads')).toHaveLength(1);
    ledger.recordReads(10);
    expect(sqlite.run('SELECT * FROM reads')).toEqual([]);
  });
});

describe('the count of one reader', () => {
  it('remembers a bounded number of ids of reads', () => {
    const at = { machineMs: TEST_TIME_MS, isNamed: true };
    let minute = countRead(null, readReport(0), at);
    for (let n = 1; n < 1000; n += 1) minute = countRead(minute, readReport(n), at);
    expect(minute.draft.read.count).toBe(1000);
    expect(JSON.stringify(minute).length).toBeLessThan(3000);
  });
});
