import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import { createBatchedLedger } from '../../../src/ledger/batched-ledger.ts';
import type { BatchFailure } from '../../../src/ledger/batched-ledger.ts';
import { createSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts';
import { SqlError } from '../../../src/ledger/sqlite/sqlite-port.ts';
import type { SqlitePort } from '../../../src/ledger/sqlite/sqlite-port.ts';
import { createNodeSqlite } from '../../../src/platform/node/ledger/sqlite.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission, onlyRecord, quotaCharge, readTrail, recordDraft, settlement } from '../../support/ledger/ledger.ts';

/** The real SQLite ledger in memory, with a port that fails as scripted and a flush that the test triggers. */
function setup() {
  const database = new DatabaseSync(':memory:');
  const real = createNodeSqlite(database);
  const script: { failOn: RegExp | null; failAfter: number } = { failOn: null, failAfter: 0 };
  const commits: string[] = [];
  const sqlite: SqlitePort = {
    run(sql, ...params) {
      if (script.failOn?.test(sql) && script.failAfter-- <= 0) throw new SqlError('disk I/O error', 10);
      return real.run(sql, ...params);
    },
    transaction(fn) {
      commits.push('begin');
      return real.transaction(fn);
    },
  };
  const core = createSqliteLedger({ sqlite, clock: createFakeClock(), ids: createFakeIds(1000) });
  commits.length = 0;
  const check = { run: (): void => {} };
  const deferred: (() => void)[] = [];
  let nowMs = 0;
  /** One turn of the event loop. */
  const turn = (ms = 1): void => {
    nowMs += ms;
    for (const next of deferred.splice(0)) next();
  };
  const failures: BatchFailure[] = [];
  const ledger = createBatchedLedger({
    core,
    sqlite,
    check: () => check.run(),
    defer: (next) => void deferred.push(next),
    monotonic: () => nowMs,
    onFailure: (failure) => void failures.push(failure),
  });
  return { database, real, ledger, script, check, commits, deferred, turn, failures };
}

const results = async (promises: readonly Promise<{ kind: string }>[]) =>
  (await Promise.allSettled(promises)).map((one) => (one.status === 'fulfilled' ? one.value.kind : 'rejected'));

describe('shared commits', () => {
  it('make one transaction of all that arrived before a turn that brings nothing, and answer only after it', async () => {
    const { ledger, commits, deferred, turn } = setup();
    let answered = 0;
    const admit = (n: number) => ledger.admit(admission(testUuid7(n))).then(() => (answered += 1));
    const all = [1, 2].map(admit);
    turn();
    all.push(admit(3));
    turn();
    await Promise.resolve();
    expect({ answered, commits, next: deferred.length }).toEqual({ answered: 0, commits: [], next: 1 });
    turn();
    await Promise.all(all);
    expect({ answered, commits, next: deferred.length }).toEqual({ answered: 3, commits: ['begin'], next: 0 });
  });

  it.each([
    ['short turns', 1, 5],
    ['long ones', 7, 1],
  ])('wait for at most five milliseconds of %s, however many bring a step', async (_, turnMs, turns) => {
    const { ledger, commits, turn } = setup();
    const all = Array.from({ length: turns }, (_one, n) => {
      const one = ledger.admit(admission(testUuid7(n)));
      expect(commits).toEqual([]);
      turn(turnMs);
      return one;
    });
    expect(commits).toEqual(['begin']);
    expect(await results(all)).toEqual(all.map(() => 'admitted'));
  });

  it('put what arrives during a batch into the next one', async () => {
    const { ledger, commits, deferred, turn } = setup();
    const first = ledger.admit(admission(testUuid7(1))).then(() => ledger.settle(settlement(testUuid7(1), 'accepted')));
    turn();
    turn();
    await Promise.resolve();
    await Promise.resolve();
    expect({ commits, next: deferred.length }).toEqual({ commits: ['begin'], next: 1 });
    turn();
    turn();
    expect(await first).toEqual({ kind: 'settled' });
    expect(commits).toHaveLength(2);
  });

  it('let later members of a batch see the debits of earlier ones', async () => {
    const { ledger } = setup();
    const charges = [quotaCharge({ limit: 1 })];
    const all = [1, 2].map((n) => ledger.admit(admission(testUuid7(n), { charges })));
    ledger.flush();
    expect(await results(all)).toEqual(['admitted', 'exhausted']);
  });

  it('hold the event loop for at most 128 members at a time', async () => {
    const { ledger, commits, deferred, turn } = setup();
    const all = Array.from({ length: 300 }, (_, n) => ledger.admit(admission(testUuid7(n))));
    const commitsByTurn = Array.from({ length: 3 }, () => {
      turn();
      return commits.length;
    });
    expect({ commitsByTurn, next: deferred.length }).toEqual({ commitsByTurn: [1, 2, 3], next: 0 });
    expect(new Set(await results(all))).toEqual(new Set(['admitted']));
    expect(commits).toHaveLength(3);
  });

  it.each([
    ['at its first statement', /INSERT INTO records/, 0],
    ['half way through', /INSERT INTO records/, 2],
    ['at a counter', /INSERT INTO counters/, 0],
    ['at the head of the chain', /UPDATE head/, 0],
  ])('reject every member and leave nothing when the database fails %s', async (_where, failOn, failAfter) => {
    const { ledger, script, failures } = setup();
    const charges = [quotaCharge()];
    const batch = () => [1, 2, 3, 4].map((n) => ledger.admit(admission(testUuid7(n), { key: `key-${n}`, charges })));
    Object.assign(script, { failOn, failAfter });
    const failing = batch();
    ledger.flush();
    expect(await results(failing)).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
    expect(failures).toMatchObject([{ steps: ['admit', 'admit', 'admit', 'admit'] }]);
    script.failOn = null;
    expect(await readTrail(ledger)).toEqual([]);
    expect(await ledger.list({ owner: null, before: null, limit: 10 })).toEqual({ entries: [], next: null });
    expect(await ledger.usage(charges)).toMatchObject([{ remaining: 10 }]);

    const again = batch();
    ledger.flush();
    expect(await results(again)).toEqual(['admitted', 'admitted', 'admitted', 'admitted']);
    expect(verifyChain(await readTrail(ledger))).toMatchObject({ kind: 'intact', head: { seq: 4 } });
  });

  it('leave nothing and continue when the commit itself fails', async () => {
    const { database, real, ledger, failures } = setup();
    database.exec('CREATE TABLE parent (id INTEGER PRIMARY KEY)');
    database.exec('CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)');
    // A deferred constraint fails at COMMIT and leaves the transaction open, as a full disk can.
    database.exec('CREATE TRIGGER spoil AFTER INSERT ON records BEGIN INSERT INTO child VALUES (1); END');
    const failing = [1, 2].map((n) => ledger.admit(admission(testUuid7(n))));
    ledger.flush();
    expect(await results(failing)).toEqual(['rejected', 'rejected']);
    expect(failures).toHaveLength(1);
    expect(database.isTransaction).toBe(false);
    expect(real.run('SELECT * FROM child')).toEqual([]);

    database.exec('DROP TRIGGER spoil');
    const again = ledger.admit(admission(testUuid7(1)));
    ledger.flush();
    expect(await again).toMatchObject({ kind: 'admitted' });
  });

  it('reject every member and leave nothing when the check before the commit throws', async () => {
    const { ledger, check, commits, failures } = setup();
    check.run = () => {
      throw new Error('the file is gone');
    };
    const failing = [1, 2].map((n) => ledger.admit(admission(testUuid7(n))));
    ledger.flush();
    expect(await results(failing)).toEqual(['rejected', 'rejected']);
    expect({ commits, steps: failures.map(({ steps }) => steps) }).toEqual({
      commits: ['begin'],
      steps: [['admit', 'admit']],
    });
    expect(await readTrail(ledger)).toEqual([]);

    check.run = () => {};
    const again = ledger.admit(admission(testUuid7(1)));
    ledger.flush();
    expect(await again).toMatchObject({ kind: 'admitted' });
  });

  it('let a member fail alone when the fault is its own', async () => {
    const { ledger, failures } = setup();
    const good = [1, 3].map((n) => ledger.admit(admission(testUuid7(n), { charges: [quotaCharge()] })));
    const unwritable = recordDraft('intent', '\ud800');
    const bad = ledger.admit(
      admission(testUuid7(2), {
        charges: [quotaCharge()],
        records: onlyRecord(unwritable),
      }),
    );
    ledger.flush();
    expect(await results([good[0] ?? bad, bad, good[1] ?? bad])).toEqual(['admitted', 'rejected', 'admitted']);
    expect(failures).toMatchObject([{ steps: ['admit'] }]);
    expect(await ledger.usage([quotaCharge()])).toMatchObject([{ remaining: 8 }]);
    expect(verifyChain(await readTrail(ledger))).toMatchObject({ kind: 'intact', head: { seq: 2 } });
  });

  it('let a probe fail when nothing can be written', async () => {
    const { database, ledger } = setup();
    database.exec('PRAGMA query_only = ON');
    const failing = ledger.probe();
    ledger.flush();
    await expect(failing).rejects.toThrow(SqlError);
    database.exec('PRAGMA query_only = OFF');
    const passing = ledger.probe();
    ledger.flush();
    await expect(passing).resolves.toBeUndefined();
  });

  it('let a probe change a page, since an update of nothing would prove nothing', async () => {
    const { real, ledger } = setup();
    const writes = () => real.run('SELECT writes FROM probe')[0]?.['writes'];
    const before = writes();
    const probing = ledger.probe();
    ledger.flush();
    await probing;
    expect(writes()).not.toBe(before);
  });
});
