import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { createOwners } from '../../../../src/ledger/sqlite/requests/owners.ts';
import { createSqliteLedger } from '../../../../src/ledger/sqlite/sqlite-ledger.ts';
import type { SqliteLedger } from '../../../../src/ledger/sqlite/sqlite-ledger.ts';
import { createNodeSqlite } from '../../../../src/platform/node/ledger/sqlite.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../../support/clock.ts';
import { admission, ANN, BOB, MINUTE_MS, settlement } from '../../../support/ledger/ledger.ts';

const [R1, R2, R3, R4] = [1, 2, 3, 4].map((n) => testUuid7(n)) as [string, string, string, string];

function setup() {
  const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
  const clock = createFakeClock();
  let ids = 0;
  /** Another process, or another start, which knows the time. */
  const open = (): SqliteLedger => {
    const opened = createSqliteLedger({ sqlite, clock, ids: createFakeIds((ids += 1000)) });
    opened.witness({ atMs: clock.now(), kind: 'now' });
    return opened;
  };
  const ledger = open();
  const batch = (steps: () => unknown): unknown => sqlite.transaction(() => ledger.batch(steps));
  const openAfter = (): unknown => sqlite.run(`SELECT open_after FROM head`)[0]?.['open_after'];
  const expired = (of = ledger): string[] => of.expired(10).map(({ requestId }) => requestId);
  return { sqlite, clock, open, ledger, batch, openAfter, expired };
}

describe('the requests that are open', () => {
  it('are known to the next start, whatever was settled around them', () => {
    const { clock, open, ledger, batch, openAfter, expired } = setup();
    batch(() => ledger.admit(admission(R1)));
    batch(() => [R2, R3].forEach((id) => ledger.admit(admission(id, { owner: BOB }))));
    batch(() => ledger.settle(settlement(R1, 'accepted')));
    batch(() => ledger.settle(settlement(R3, 'refused')));
    batch(() => ledger.admit(admission(R4, { plan: 'deny' })));
    // R2 has record 2.
    expect(openAfter()).toBe(1);
    clock.advance(MINUTE_MS);
    expect(expired(open())).toEqual([R2]);
    expect(expired()).toEqual([R2]);
  });

  it('are still known when the batch that would have ended them is rolled back', () => {
    const { sqlite, clock, open, ledger, batch, expired } = setup();
    batch(() => ledger.admit(admission(R1)));
    const failing = (): void =>
      sqlite.transaction(() => {
        ledger.batch(() => ledger.settle(settlement(R1, 'accepted')));
        throw new Error('the disk is full');
      });
    expect(failing).toThrow('full');
    batch(() => ledger.admit(admission(R2)));
    clock.advance(MINUTE_MS);
    expect(expired()).toEqual([R1, R2]);
    expect(expired(open())).toEqual([R1, R2]);
  });

  it('are those of batches that were committed only, also where a later one has the same record numbers', () => {
    const { sqlite, clock, open, ledger, batch, openAfter, expired } = setup();
    const failing = (): void =>
      sqlite.transaction(() => {
        ledger.batch(() => [R1, R2].forEach((id) => ledger.admit(admission(id))));
        throw new Error('the disk is full');
      });
    expect(failing).toThrow('full');
    batch(() => ledger.admit(admission(R3)));
    batch(() => ledger.settle(settlement(R3, 'accepted')));
    batch(() => ledger.admit(admission(R4)));
    clock.advance(MINUTE_MS);
    expect(expired()).toEqual([R4]);
    batch(() => ledger.settle(settlement(R4, 'accepted')));
    batch(() => ledger.admit(admission(testUuid7(5), { plan: 'deny' })));
    expect(openAfter()).toBe(5);
    expect(expired(open())).toEqual([]);
  });

  it('are held back in the order of their records, also after a batch that was rolled back', () => {
    const { sqlite, clock, open, ledger, batch, openAfter, expired } = setup();
    const failing = (): void =>
      sqlite.transaction(() => {
        ledger.batch(() => {
          ledger.admit(admission(R1));
          ledger.admit(admission(testUuid7(9), { plan: 'deny' }));
          ledger.admit(admission(R2));
        });
        throw new Error('the disk is full');
      });
    expect(failing).toThrow('full');
    batch(() => {
      ledger.admit(admission(testUuid7(10), { plan: 'deny' }));
      ledger.admit(admission(R3));
    });
    batch(() => ledger.admit(admission(R4)));
    expect(expired()).toEqual([]);
    batch(() => ledger.admit(admission(testUuid7(11), { plan: 'deny' })));
    // R3 has record 2.
    expect(openAfter()).toBe(1);
    clock.advance(MINUTE_MS);
    expect(expired(open())).toEqual([R3, R4]);
  });

  it('are still known when the first batch after a start would have ended them, and is rolled back', () => {
    const { sqlite, clock, open, batch, ledger, openAfter, expired } = setup();
    batch(() => ledger.admit(admission(R1)));
    const next = open();
    const failing = (): void =>
      sqlite.transaction(() => {
        next.batch(() => next.settle(settlement(R1, 'accepted')));
        throw new Error('the disk is full');
      });
    expect(failing).toThrow('full');
    sqlite.transaction(() => next.batch(() => next.admit(admission(R2))));
    expect(openAfter()).toBe(0);
    clock.advance(MINUTE_MS);
    expect(expired(next)).toEqual([R1, R2]);
    expect(expired(open())).toEqual([R1, R2]);
  });

  it('are known when another process has written in between', () => {
    const { clock, open, ledger, batch, expired } = setup();
    const other = open();
    batch(() => [R1, R2].forEach((id) => ledger.admit(admission(id))));
    batch(() => ledger.settle(settlement(R1, 'unknown')));
    other.settle(settlement(R1, 'accepted', { by: 'person' }));
    clock.advance(MINUTE_MS);
    expect(expired()).toEqual([R2]);
    batch(() => ledger.settle(settlement(R2, 'unknown', { by: 'sweep' })));
    expect(expired()).toEqual([]);
    expect(expired(other)).toEqual([]);
  });

  it('are known to a process that wrote once before another one admitted them, and writes again', () => {
    const { clock, open, ledger, batch, openAfter, expired } = setup();
    const other = open();
    other.admit(admission(R1, { plan: 'deny' }));
    batch(() => ledger.admit(admission(R2)));
    other.admit(admission(R3, { plan: 'deny' }));
    expect(openAfter()).toBe(1);
    clock.advance(MINUTE_MS);
    expect(expired(open())).toEqual([R2]);
  });

  it('expire in order, at most as many as are asked for, and hold the retention of records back', () => {
    const { clock, ledger, batch } = setup();
    batch(() => ledger.admit(admission(R1, { expiresInMs: 45_000, owner: ANN })));
    batch(() => ledger.admit(admission(R2, { expiresInMs: 30_000, owner: BOB })));
    clock.advance(MINUTE_MS);
    expect(ledger.expired(10).map(({ requestId }) => requestId)).toEqual([R2, R1]);
    expect(ledger.expired(1).map(({ requestId }) => requestId)).toEqual([R2]);
    expect(ledger.expired(0)).toEqual([]);
  });
});

describe('the owners of requests', () => {
  it('get no number from a batch that was rolled back', () => {
    const { sqlite, ledger, batch } = setup();
    const failing = (): void =>
      sqlite.transaction(() => {
        ledger.batch(() => ledger.admit(admission(R1, { owner: ANN })));
        throw new Error('the disk is full');
      });
    expect(failing).toThrow('full');
    batch(() => ledger.admit(admission(R2, { owner: BOB })));
    batch(() => ledger.admit(admission(R3, { owner: ANN })));
    expect(ledger.find(R2, BOB)).not.toBeNull();
    expect(ledger.find(R2, ANN)).toBeNull();
    expect(ledger.find(R3, ANN)).not.toBeNull();
    expect(ledger.find(R3, BOB)).toBeNull();
  });

  it('get no number from a batch that dropped unused owners and was rolled back', () => {
    const { sqlite } = setup();
    const owners = createOwners(sqlite);
    const failing = (): void =>
      sqlite.transaction(() => {
        owners.begin();
        const number = owners.numberOf(ANN);
        owners.dropUnused([]);
        expect(owners.numberOf(ANN)).toBe(number);
        throw new Error('the disk is full');
      });
    expect(failing).toThrow('full');
    owners.begin();
    const bob = owners.numberOf(BOB);
    expect(owners.numberOf(ANN)).not.toBe(bob);
  });

  it('are not mixed up by names that read the same side by side', () => {
    const { ledger, batch } = setup();
    const [one, other] = [
      { ...ANN, clientId: 'a', subject: 'b c' },
      { ...ANN, clientId: 'a b', subject: 'c' },
    ];
    batch(() => ledger.admit(admission(R1, { owner: one })));
    batch(() => ledger.admit(admission(R2, { owner: other })));
    expect(ledger.list({ owner: one, before: null, limit: 10 }).entries).toMatchObject([{ requestId: R1 }]);
    expect(ledger.list({ owner: other, before: null, limit: 10 }).entries).toMatchObject([{ requestId: R2 }]);
  });
});

describe('expired idempotency keys', () => {
  it('are dropped a part of the table at a time, and all of them in the end', () => {
    const { sqlite, clock, ledger } = setup();
    for (let n = 0; n < 12_000; n += 1) {
      const keepUntil = n % 2 === 0 ? clock.now() - 1 : clock.now() + MINUTE_MS;
      const scope = `${(n * 7919) % 12_000}`.padStart(64, '0');
      sqlite.run(`INSERT INTO keys VALUES (?, ?, 'body', ?)`, scope, R1, n + 1);
      sqlite.run(`INSERT INTO replies VALUES (?, ?, ?, '{}')`, n + 1, scope, keepUntil);
    }
    ledger.witness({ atMs: clock.now(), kind: 'now' });
    const left = (): number => Number(sqlite.run(`SELECT count(*) AS n FROM keys`)[0]?.['n']);
    const prune = (): number => {
      ledger.prune({ sinks: [], keepRecordsMs: null });
      return left();
    };
    const counts = [prune(), prune(), prune()];
    expect(counts.toSorted((a, b) => b - a)).toEqual(counts);
    expect(counts[0]).toBe(9_500);
    expect(counts[2]).toBe(6_000);
    expect(sqlite.run(`SELECT count(*) AS n FROM replies`)).toMatchObject([{ n: 6_000 }]);
    clock.advance(2 * MINUTE_MS);
    expect([prune(), prune()].at(-1)).toBe(0);
  });
});
