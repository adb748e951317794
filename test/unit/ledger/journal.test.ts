import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { createAppendedRecords } from '../../../src/audit/checkpoint/appended-records.ts';
import { createJournal } from '../../../src/ledger/sqlite/trail/journal.ts';
import { positionOf } from '../../../src/audit/delivery/outbox-position.ts';
import { createLedgerClock } from '../../../src/ledger/sqlite/ledger-clock.ts';
import type { SqlitePort } from '../../../src/ledger/sqlite/sqlite-port.ts';
import { createSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts';
import { migrate } from '../../../src/ledger/sqlite/schema.ts';
import { readEnds, readRecords, verifyTail } from '../../../src/ledger/sqlite/trail/trail.ts';
import { createNodeSqlite } from '../../../src/platform/node/ledger/sqlite.ts';
import { sha256Hex } from '../../../src/lib/sha256.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission, DAY_MS, quotaCharge, recordDraft, settlement } from '../../support/ledger/ledger.ts';
import { checkpoint } from '../../contract/ledger/ledger-harness.ts';

function setup() {
  const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
  migrate(sqlite);
  const [clock, time] = [createFakeClock(), createLedgerClock(sqlite, createFakeClock())];
  const journal = createJournal({
    ...{ sqlite, clock, time, ids: createFakeIds(), sha256: sha256Hex },
    appended: createAppendedRecords(),
  });
  const append = (records = 1): number[] =>
    sqlite.transaction(() =>
      journal.batch(() =>
        Array.from({ length: records }, (_, n) => journal.append(recordDraft('intent', testUuid7(n)))),
      ),
    );
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
    expect(append()).toEqual([2]);
  });
});

describe('a batch', () => {
  it('stores several records as single batches would', () => {
    const [one, other] = [setup(), setup()];
    expect(one.append(3)).toEqual([1, 2, 3]);
    for (let n = 0; n < 3; n += 1) other.append();
    expect(verifyTail(one.sqlite, 10)).toMatchObject({ kind: 'intact', head: { seq: 3 } });
    expect(readEnds(one.sqlite).head.seq).toBe(readEnds(other.sqlite).head.seq);
  });

  it('fails as a whole when one of its records is changed behind its back', () => {
    const { sqlite, append } = setup();
    append();
    sqlite.run(
      `CREATE TRIGGER t AFTER INSERT ON records WHEN NEW.seq = 3 BEGIN UPDATE records SET line = '{}' WHERE seq = 3; END`,
    );
    expect(() => append(3)).toThrow('not in the trail as it was written');
    expect(readEnds(sqlite).head.seq).toBe(1);
    expect(readRecords(sqlite, 0, 10)).toHaveLength(1);
  });

  it('leaves nothing behind when a step throws: the next one begins at the stored head', () => {
    const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
    const ledger = createSqliteLedger({ sqlite, clock: createFakeClock(), ids: createFakeIds() });
    const failing = () =>
      sqlite.transaction(() =>
        ledger.batch(() => {
          ledger.admit(admission(testUuid7(1)));
          throw new Error('a step failed');
        }),
      );
    expect(failing).toThrow('a step failed');
    sqlite.transaction(() => ledger.admit(admission(testUuid7(2))));
    expect(verifyTail(sqlite, 10)).toMatchObject({ kind: 'intact', head: { seq: 1 } });
  });

  it('shows each step what the ones before it have written, whatever they read', () => {
    const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
    const ledger = createSqliteLedger({ sqlite, clock: createFakeClock(), ids: createFakeIds() });
    const [added, moved, repeated] = sqlite.transaction(() =>
      ledger.batch(() => {
        ledger.admit(admission(testUuid7(1)));
        const isAdded = ledger.addCheckpoint(checkpoint(1));
        ledger.ack('stdout', positionOf(1));
        const again = ledger.admit({ ...admission(testUuid7(1)), repeated: true });
        return [isAdded, ledger.backlog(['stdout'])[0], again.kind];
      }),
    );
    expect(added).toBe(true);
    expect(moved).toMatchObject({ records: 0 });
    expect(repeated).toBe('admitted');
    expect(ledger.chain().head.seq).toBe(1);
  });

  it('costs an invite 4 statements beside its quotas, and each batch 4 more and 2 for each counter', () => {
    const statements: string[] = [];
    const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
    const counting: SqlitePort = {
      run: (sql, ...params) => {
        statements.push(sql);
        return sqlite.run(sql, ...params);
      },
      transaction: sqlite.transaction,
    };
    const ledger = createSqliteLedger({ sqlite: counting, clock: createFakeClock(), ids: createFakeIds() });
    const ids = Array.from({ length: 10 }, (_, n) => testUuid7(n));
    const charges = [quotaCharge()];
    // The first one gives its owner a number, and names another policy than the record before.
    ledger.admit(admission(testUuid7(100)));
    statements.length = 0;
    sqlite.transaction(() => ledger.batch(() => ids.map((id) => ledger.admit(admission(id, { charges })))));
    sqlite.transaction(() => ledger.batch(() => ids.map((id) => ledger.settle(settlement(id, 'accepted')))));
    const ofQuotas = statements.filter((sql) => sql.includes('counters')).length;
    // The requests of a batch share their counters.
    expect(ofQuotas).toBe(2 * charges.length);
    // One more for the number of the owner, which the second batch with it reads.
    expect(statements.length - ofQuotas).toBeLessThanOrEqual(4 * ids.length + 2 * 4 + 1);
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
