import { env } from 'cloudflare:workers';
import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { createSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts';
import type { SqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts';
import { createObjectSqlite } from '../../../src/platform/workers/ledger/sqlite.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission, quotaCharge, requestsCharge, settlement } from '../../support/ledger/ledger.ts';
import { startWhole } from '../whole-worker.ts';
import { openLedgerObject } from './ledger-harness.ts';

/**
 * What the platform bills for an invite: rows written (a row of an index counts as one), rows read, and calls of the
 * object. docs/deploy-workers.md has the prices.
 */
interface Bill {
  readonly read: number;
  readonly written: number;
}

/** Of the second of two invites of one person, by two quotas. Each step is one transaction, as in the object. */
function billOfInvite(key?: string): Promise<Bill> {
  return runInDurableObject(openLedgerObject().stub, (_object, { storage }) => {
    const cursors: { readonly rowsRead: number; readonly rowsWritten: number }[] = [];
    const sqlite = createObjectSqlite({
      sql: {
        exec: (sql: string, ...params: unknown[]) => {
          const cursor = storage.sql.exec(sql, ...params);
          cursors.push(cursor);
          return cursor;
        },
      } as unknown as SqlStorage,
      transactionSync: (run) => storage.transactionSync(run),
    });
    const clock = createFakeClock();
    const ledger = createSqliteLedger({ sqlite, clock: { now: clock.now }, ids: createFakeIds() });
    const step = (run: (core: SqliteLedger) => { readonly kind: string }, kind: string): void =>
      expect(sqlite.transaction(() => run(ledger).kind)).toBe(kind);
    const invite = (n: number): void => {
      const given = key === undefined ? {} : { key: `${key}-${n}` };
      const charges = [quotaCharge(), requestsCharge()];
      step((core) => core.admit(admission(testUuid7(n), { charges, ...given })), 'admitted');
      step((core) => core.settle(settlement(testUuid7(n), 'accepted')), 'settled');
    };
    invite(1);
    cursors.length = 0;
    invite(2);
    const sum = (count: (cursor: (typeof cursors)[number]) => number): number =>
      cursors.reduce((total, cursor) => total + count(cursor), 0);
    return { read: sum(({ rowsRead }) => rowsRead), written: sum(({ rowsWritten }) => rowsWritten) };
  });
}

describe('an invite on Workers', () => {
  it('writes at most 8 rows, and 10 with an Idempotency-Key', async () => {
    const [plain, keyed] = [await billOfInvite(), await billOfInvite('key-0123456789abcdef')];
    expect(plain.written).toBeLessThanOrEqual(8);
    expect(keyed.written).toBeLessThanOrEqual(10);
    expect(plain.read).toBeLessThanOrEqual(14);
    expect(keyed.read).toBeLessThanOrEqual(16);
  });

  it('calls the ledger object twice: before and after it is sent', async () => {
    const { LEDGER } = env as unknown as { readonly LEDGER: DurableObjectNamespace };
    const calls: string[] = [];
    const whole = await startWhole({
      LEDGER: {
        idFromName: (name: string) => LEDGER.idFromName(name),
        get: (id: DurableObjectId) => {
          const stub = LEDGER.get(id) as unknown as { step(name: string, args: unknown): Promise<unknown> };
          return {
            step: (name: string, args: unknown) => {
              calls.push(name);
              return stub.step(name, args);
            },
          };
        },
      },
    });
    expect((await whole.invite('first@acme.com')).status).toBe(200);
    calls.length = 0;
    expect((await whole.invite('second@acme.com')).status).toBe(200);
    expect(calls).toEqual(['admit', 'settle']);
  });
});
