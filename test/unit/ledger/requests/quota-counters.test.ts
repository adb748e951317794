import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { createCounterRows } from '../../../../src/ledger/sqlite/requests/counter-rows.ts';
import { createQuotaCounters } from '../../../../src/ledger/sqlite/requests/quota.ts';
import { migrate } from '../../../../src/ledger/sqlite/schema.ts';
import type { SqlitePort } from '../../../../src/ledger/sqlite/sqlite-port.ts';
import { createNodeSqlite } from '../../../../src/platform/node/ledger/sqlite.ts';
import type { QuotaCharge } from '../../../../src/policy/decision.ts';
import { TEST_TIME_MS } from '../../../support/clock.ts';
import { DAY_MS, HOUR_MS, quotaCharge } from '../../../support/ledger/ledger.ts';

function setup() {
  const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
  migrate(sqlite);
  const statements: { sql: string; params: number }[] = [];
  const counting: SqlitePort = {
    run: (sql, ...params) => {
      statements.push({ sql, params: params.length });
      return sqlite.run(sql, ...params);
    },
    transaction: sqlite.transaction,
  };
  return { statements, quotas: createQuotaCounters(createCounterRows(counting)) };
}

const invitees = (count: number, changes: Partial<QuotaCharge> = {}): QuotaCharge[] =>
  Array.from({ length: count }, (_, n) =>
    quotaCharge({ quota: 'person', counter: `["invitee","p${n}@acme.com"]`, limit: 9, amount: 1, ...changes }),
  );

describe('the counters of a request', () => {
  it.each([1, 7, 8, 63, 64, 65, 500])('are read as they are stored, each in its own window: %i invitees', (count) => {
    const { quotas } = setup();
    const [days, hours] = [invitees(count), invitees(count, { windowMs: HOUR_MS })];
    const odd = days.filter((_, n) => n % 2 === 1);
    quotas.tally(days, TEST_TIME_MS).debitAdmission();
    quotas.tally(odd, TEST_TIME_MS).debitAdmission();
    const remaining = (charges: readonly QuotaCharge[], now = TEST_TIME_MS) =>
      quotas
        .tally(charges, now)
        .states()
        .map((state) => state.remaining);
    expect(remaining([...hours, ...days])).toEqual([...hours.map(() => 9), ...days.map((_, n) => 8 - (n % 2))]);
    expect(remaining(days, TEST_TIME_MS + DAY_MS)).toEqual(days.map(() => 9));
  });

  it('are read many at a time, with no more parameters than a Durable Object binds to a statement', () => {
    const { quotas, statements } = setup();
    quotas.tally(invitees(500), TEST_TIME_MS);
    expect(statements).toHaveLength(Math.ceil(500 / 64));
    expect(Math.max(...statements.map(({ params }) => params))).toBeLessThanOrEqual(100);
  });

  it('are shared by the steps of a batch, which see each other’s debits and write each counter once', () => {
    const { quotas, statements } = setup();
    const [charge] = invitees(1) as [QuotaCharge];
    const remaining = (): number | undefined => quotas.tally([charge], TEST_TIME_MS).states()[0]?.remaining;
    quotas.begin();
    for (let times = 0; times < 3; times += 1) quotas.tally([charge], TEST_TIME_MS).debitAdmission();
    expect(remaining()).toBe(6);
    quotas.write();
    quotas.end();
    expect(statements).toHaveLength(2);
    expect(remaining()).toBe(6);
  });

  it('are as they were when the batch has failed', () => {
    const { quotas } = setup();
    const [charge] = invitees(1) as [QuotaCharge];
    quotas.begin();
    quotas.tally([charge], TEST_TIME_MS).debitAdmission();
    quotas.end();
    expect(quotas.tally([charge], TEST_TIME_MS).states()).toMatchObject([{ remaining: 9 }]);
  });

  it('are given back in the batch that debited them, and not below zero', () => {
    const { quotas } = setup();
    const [charge] = invitees(1) as [QuotaCharge];
    const states = () => quotas.tally([charge], TEST_TIME_MS).states();
    quotas.begin();
    const debits = quotas.tally([charge], TEST_TIME_MS).debitAdmission();
    quotas.refund(debits);
    expect(states()).toMatchObject([{ remaining: 9 }]);
    quotas.tally([charge], TEST_TIME_MS).debitAdmission();
    quotas.refund([...debits, ...debits]);
    quotas.write();
    quotas.end();
    expect(states()).toMatchObject([{ remaining: 9 }]);
  });
});
