import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { createJournal } from '../../../src/ledger/sqlite/trail/journal.ts';
import { createSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts';
import { migrate } from '../../../src/ledger/sqlite/schema.ts';
import { readEnds, readRecords } from '../../../src/ledger/sqlite/trail/trail.ts';
import { createNodeSqlite } from '../../../src/platform/node/ledger/sqlite.ts';
import { sha256Hex } from '../../../src/lib/sha256.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission, DAY_MS, recordDraft } from '../../support/ledger/ledger.ts';
import { checkpoint } from '../../contract/ledger/ledger-harness.ts';

function setup() {
  const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
  migrate(sqlite);
  const journal = createJournal({ sqlite, clock: createFakeClock(), ids: createFakeIds(), sha256: sha256Hex });
  const append = () => sqlite.transaction(() => journal.append(recordDraft('intent', testUuid7(1))));
  return { sqlite, append };
}

/** A Durable Object checks the schema only when it starts, so the append must read back what it wrote. */
describe('an append', () => {
  it.each([
    ['is taken back', 'CREATE TRIGGER t AFTER INSERT ON records BEGIN DELETE FROM records WHERE seq = NEW.seq; END'],
    ['is changed', `CREATE TRIGGER t AFTER INSERT ON records BEGIN UPDATE records SET line = line || ' '; END`],
    ['is left out', 'CREATE TRIGGER t BEFORE INSERT ON records BEGIN SELECT RAISE(IGNORE); END'],
    [
      'does not match the head',
      `CREATE TRIGGER t AFTER UPDATE OF hash ON head BEGIN UPDATE head SET hash = OLD.hash; END`,
    ],
    [
      'is not at the seq of the head',
      `CREATE TRIGGER t AFTER UPDATE OF seq ON head BEGIN UPDATE head SET seq = OLD.seq; END`,
    ],
  ])('fails, and its step with it, when the record %s behind its back', (_what, trigger) => {
    const { sqlite, append } = setup();
    append();
    const before = { ends: readEnds(sqlite), records: readRecords(sqlite, 0, 10) };
    sqlite.run(trigger);
    expect(append).toThrow('not in the trail as it was written');
    expect({ ends: readEnds(sqlite), records: readRecords(sqlite, 0, 10) }).toEqual(before);
    sqlite.run('DROP TRIGGER t');
    expect(append()).toBe(2);
  });
});

describe('the list of steps back of the clock', () => {
  it('holds the records that are earlier than the one before, until retention drops them', () => {
    const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
    const clock = createFakeClock();
    const ledger = createSqliteLedger({ sqlite, clock, ids: createFakeIds(1000) });
    const steps = () => sqlite.run(`SELECT seq FROM clock_steps`).map(({ seq }) => seq);
    for (const [n, jumpMs] of [0, DAY_MS, -DAY_MS, 0].entries()) {
      clock.jump(jumpMs);
      ledger.admit(admission(testUuid7(n), { plan: 'deny' }));
    }
    expect(steps()).toEqual([3]);
    ledger.witness({ atMs: clock.now(), kind: 'now' });
    ledger.addCheckpoint(checkpoint(4));
    clock.advance(DAY_MS);
    expect(ledger.prune({ sinks: [], keepRecordsMs: 1 })).toMatchObject({ records: 4 });
    expect(steps()).toEqual([]);
  });
});
