import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { MAX_SLICE_LENGTH } from '../../../src/ledger/page.ts';
import { createSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts';
import { createNodeSqlite } from '../../../src/platform/node/ledger/sqlite.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission, onlyRecord, recordDraft } from '../../support/ledger/ledger.ts';

describe('a slice of a search', () => {
  it('scans fewer records where they are large, and the next slice continues from there', () => {
    const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
    const ledger = createSqliteLedger({ sqlite, clock: createFakeClock(), ids: createFakeIds(1000) });
    const heavy = 'x'.repeat(MAX_SLICE_LENGTH / 50);
    for (let n = 1; n <= 150; n += 1) {
      const decided = { ...recordDraft('intent', testUuid7(n)), source: { address: heavy } };
      ledger.admit(admission(testUuid7(n), { records: onlyRecord(decided) }));
    }
    const filter = { requestId: testUuid7(150) };
    const first = ledger.search({ filter, after: 0, limit: 10 });
    expect(first).toMatchObject({ records: [], done: false });
    // The bound in records (each is a little longer than its large member), plus the few rows read with the one that exceeded it.
    expect(first.scannedTo).toBeGreaterThanOrEqual(40);
    expect(first.scannedTo).toBeLessThan(50 + 8);
    const second = ledger.search({ filter, after: first.scannedTo, limit: 10 });
    const third = ledger.search({ filter, after: second.scannedTo, limit: 10 });
    const last = ledger.search({ filter, after: third.scannedTo, limit: 10 });
    expect([...second.records, ...third.records, ...last.records].map(({ seq }) => seq)).toEqual([150]);
    expect(last.done).toBe(true);
  });
});
