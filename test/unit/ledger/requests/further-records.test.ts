import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { createSqliteLedger } from '../../../../src/ledger/sqlite/sqlite-ledger.ts';
import { createNodeSqlite } from '../../../../src/platform/node/ledger/sqlite.ts';
import { checkpoint } from '../../../contract/ledger/ledger-harness.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../../support/clock.ts';
import { admission, DAY_MS, MINUTE_MS, recordDraft, settlement } from '../../../support/ledger/ledger.ts';
import { asNinthVersion } from '../schema/ninth-schema.ts';

const [FIRST, OTHER, REPLAY] = [testUuid7(1), testUuid7(2), testUuid7(3)] as const;
const KEY = 'key-0123456789abcdef';

/** The request FIRST became unknown, was checked, settled and replayed: records 1, 3, 4, 5 and 6. */
function opened() {
  const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
  const clock = createFakeClock();
  const open = (nextId: number) => createSqliteLedger({ sqlite, clock, ids: createFakeIds(nextId) });
  const ledger = open(1000);
  ledger.admit(admission(FIRST, { key: KEY }));
  ledger.admit(admission(OTHER));
  ledger.settle(settlement(FIRST, 'unknown'));
  clock.advance(MINUTE_MS);
  const record = recordDraft('reconciliation', FIRST, { result: 'unknown' });
  ledger.recordAttempt({ requestId: FIRST, record, nextInMs: null });
  ledger.settle(settlement(FIRST, 'accepted', { by: 'person' }));
  ledger.admit(admission(REPLAY, { key: KEY }));
  const rows = (of = sqlite) => of.run(`SELECT request_id, is_replay, seq FROM further_records ORDER BY seq`);
  return { sqlite, clock, ledger, open, rows };
}

const ROWS = [
  { request_id: FIRST, is_replay: 0, seq: 3 },
  { request_id: FIRST, is_replay: 0, seq: 4 },
  { request_id: FIRST, is_replay: 1, seq: 6 },
];

describe('the further records of a request', () => {
  it('are those that its row does not name, so that a usual invite costs no row', () => {
    const { rows, ledger } = opened();
    expect(rows()).toMatchObject(ROWS);
    ledger.settle(settlement(OTHER, 'accepted'));
    expect(rows()).toHaveLength(3);
  });

  it('are found in a ledger of an earlier version, past damaged lines', () => {
    const { sqlite, rows } = opened();
    const earlier = asNinthVersion(sqlite);
    earlier.run(`DROP TABLE further_records`);
    earlier.run(`UPDATE ledger_version SET version = 8`);
    earlier.run(
      `INSERT INTO records (seq, line) VALUES (90, '"kind":"replay"'), (91, '{"kind":"reconciliation"'), (92, '')`,
    );
    const ledger = createSqliteLedger({ sqlite: earlier, clock: createFakeClock(), ids: createFakeIds(2000) });
    expect(rows(earlier)).toEqual(expect.arrayContaining(ROWS.map((row) => expect.objectContaining(row))));
    expect(ledger.find(FIRST, null)?.records.map(({ seq }) => seq)).toEqual([1, 3, 4, 5, 6]);
  });

  it('go with their request', () => {
    const { ledger, clock, rows } = opened();
    ledger.settle(settlement(OTHER, 'refused'));
    ledger.addCheckpoint(checkpoint(7));
    clock.advance(30 * DAY_MS);
    ledger.witness({ atMs: clock.now(), kind: 'now' });
    ledger.prune({ sinks: [], keepRecordsMs: DAY_MS });
    expect(ledger.find(FIRST, null)).toBeNull();
    expect(rows()).toEqual([]);
  });

  it('have an empty line where the record is missing, and hide nothing else', () => {
    const { sqlite, ledger } = opened();
    sqlite.run(`DELETE FROM records WHERE seq = 4`);
    const lines = ledger.find(FIRST, null)?.records.map(({ seq, line }) => [seq, line === '']);
    expect(lines).toEqual([
      [1, false],
      [3, false],
      [4, true],
      [5, false],
      [6, false],
    ]);
  });
});
