import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { SuppressedRecord } from '../../../src/audit/record.ts';
import { createBatchedLedger } from '../../../src/ledger/batched-ledger.ts';
import { createSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts';
import { createNodeSqlite } from '../../../src/platform/node/ledger/sqlite.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission, MINUTE_MS, onlyRecord, recordDraft } from '../../support/ledger/ledger.ts';

function open({ isSpaceLow = () => false }: { isSpaceLow?: () => boolean } = {}) {
  const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
  const clock = createFakeClock();
  const unreadable: unknown[] = [];
  const start = () =>
    createSqliteLedger({
      sqlite,
      clock,
      ids: createFakeIds(1_000_000),
      isSpaceLow,
      reportUnreadable: (value) => void unreadable.push(value),
    });
  return { sqlite, clock, start, unreadable };
}

function deny(ledger: ReturnType<ReturnType<typeof open>['start']>, count: number, from = 0): void {
  for (let n = 0; n < count; n += 1) ledger.admit(admission(testUuid7(from + n), { plan: 'deny' }));
}

describe('suppression in the SQLite ledger', () => {
  it('counts no request of a batch that was rolled back twice', async () => {
    const { sqlite, clock, start } = open();
    const core = start();
    const ledger = createBatchedLedger({ core, sqlite, check() {}, defer() {}, monotonic: () => 0, onFailure() {} });
    const unwritable = onlyRecord({ ...recordDraft('denial', testUuid7(1)), source: { address: '\uD800' } });
    const all = Array.from({ length: 25 }, (_, n) =>
      ledger.admit(admission(testUuid7(n), { plan: 'deny', ...(n === 24 ? { records: unwritable } : {}) })),
    );
    ledger.flush();
    const ended = await Promise.allSettled(all);
    expect(ended.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    clock.advance(MINUTE_MS);
    expect(core.recordSuppressed(10)).toEqual({ requests: 4, more: false });
    expect(core.chain().head.seq).toBe(21);
  });

  it('keeps its count across a restart', () => {
    const { clock, start } = open();
    deny(start(), 22);
    const again = start();
    deny(again, 3, 100);
    expect(again.chain().head.seq).toBe(20);
    clock.advance(MINUTE_MS);
    expect(again.recordSuppressed(10)).toEqual({ requests: 5, more: false });
  });

  it('suppresses from the first refusal on while space is low, and never an admitted request', () => {
    let isSpaceLow = true;
    const { clock, start } = open({ isSpaceLow: () => isSpaceLow });
    const ledger = start();
    deny(ledger, 2);
    ledger.admit(admission(testUuid7(50)));
    expect(ledger.chain().head.seq).toBe(1);
    clock.advance(MINUTE_MS);
    isSpaceLow = false;
    deny(ledger, 1, 100);
    expect(ledger.recordSuppressed(10)).toEqual({ requests: 2, more: false });
    expect(ledger.chain().head.seq).toBe(3);
  });

  it('begins a damaged count anew and reports it', () => {
    const { sqlite, clock, start, unreadable } = open();
    const ledger = start();
    deny(ledger, 25);
    sqlite.run(`UPDATE suppressions SET minute = '{"records":'`);
    deny(ledger, 1, 100);
    expect(ledger.chain().head.seq).toBe(21);
    sqlite.run(`UPDATE suppressions SET minute = '[]'`);
    clock.advance(MINUTE_MS);
    expect(ledger.recordSuppressed(10)).toEqual({ requests: 0, more: false });
    expect(unreadable).toEqual([
      { part: 'suppressed', reason: 'other_shape' },
      { part: 'suppressed', reason: 'other_shape' },
    ]);
  });

  it('leaves no row of a minute that is over, also when nothing was suppressed in it', () => {
    const { sqlite, clock, start } = open();
    const ledger = start();
    deny(ledger, 1);
    clock.advance(MINUTE_MS);
    ledger.recordSuppressed(10);
    expect(sqlite.run('SELECT * FROM suppressions')).toEqual([]);
  });

  it('counts a minute of a clock that was corrected since as over', () => {
    const { sqlite, start } = open();
    const ledger = start();
    deny(ledger, 25);
    sqlite.run(`UPDATE suppressions SET window_end = window_end + 86400000`);
    expect(ledger.recordSuppressed(10)).toEqual({ requests: 5, more: false });
  });

  it('states the times of the first and the last suppressed request', () => {
    const { clock, start } = open();
    const ledger = start();
    deny(ledger, 21);
    clock.advance(1000);
    deny(ledger, 1, 100);
    clock.advance(MINUTE_MS);
    ledger.recordSuppressed(10);
    const [line] = ledger.records(20, 1);
    const { suppressed } = JSON.parse(line?.line ?? '') as SuppressedRecord;
    expect(Date.parse(suppressed.to) - Date.parse(suppressed.from)).toBe(1000);
  });
});
