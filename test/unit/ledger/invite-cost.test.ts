/**
 * What an invite costs the ledger beside its statements, counted and not timed, so that the test holds on any machine:
 * commits, hashes, and how often a record is written as canonical JSON. journal.test.ts counts the statements,
 * ../audit/checkpoint/trail-guard.test.ts what the guard reads.
 */
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { RecordDraft } from '../../../src/audit/record.ts';
import { createBatchedLedger } from '../../../src/ledger/batched-ledger.ts';
import { createSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts';
import type { SqlitePort } from '../../../src/ledger/sqlite/sqlite-port.ts';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import { createNodeSqlite } from '../../../src/platform/node/ledger/sqlite.ts';
import { sha256 } from '../../../src/platform/node/runtime.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission, quotaCharge, recordDraft, settlement } from '../../support/ledger/ledger.ts';

function setup() {
  const counted = { commits: 0, hashes: 0 };
  const real = createNodeSqlite(new DatabaseSync(':memory:'));
  const sqlite: SqlitePort = {
    run: real.run,
    transaction(fn) {
      counted.commits += 1;
      return real.transaction(fn);
    },
  };
  const core = createSqliteLedger({
    ...{ sqlite, clock: createFakeClock(), ids: createFakeIds(1000) },
    sha256(data) {
      counted.hashes += 1;
      return sha256(data);
    },
  });
  const ledger = createBatchedLedger({
    ...{ core, sqlite, check: () => undefined },
    defer: queueMicrotask,
    monotonic: () => 0,
    onFailure: ({ error }) => expect.unreachable(String(error)),
  });
  Object.assign(counted, { commits: 0, hashes: 0 });
  return { ledger, counted };
}

/** A draft that counts how often the text inside `source` is read. */
function watched(draft: RecordDraft, reads: { count: number }): RecordDraft {
  const source = {
    get address() {
      reads.count += 1;
      return '192.0.2.7';
    },
  };
  return { ...draft, source };
}

/** How often canonicalising once reads a text in a record. */
function readsOfOne(): number {
  const reads = { count: 0 };
  canonicalJson(watched(recordDraft('intent', testUuid7(1)), reads));
  expect(reads.count).toBeGreaterThan(0);
  return reads.count;
}

describe('an invite', () => {
  it.each([
    ['one address', 1, {}, 0],
    ['an Idempotency-Key', 1, { key: 'a-key-of-sixteen-characters' }, 1],
    ['100 addresses with a quota each', 100, {}, 0],
  ])('with %s takes two commits, and a hash for each record and key', async (_what, addresses, changes, keys) => {
    const { ledger, counted } = setup();
    const charges = Array.from({ length: addresses }, (_, n) => quotaCharge({ counter: `person ${n}` }));
    expect(await ledger.admit(admission(testUuid7(1), { charges, ...changes }))).toMatchObject({ kind: 'admitted' });
    expect(counted).toEqual({ commits: 1, hashes: 1 + keys });
    expect(await ledger.settle(settlement(testUuid7(1), 'accepted'))).toEqual({ kind: 'settled' });
    expect(counted).toEqual({ commits: 2, hashes: 2 + keys });
  });

  it('shares its commits with those that arrive in the same turn', async () => {
    const { ledger, counted } = setup();
    const ids = Array.from({ length: 100 }, (_, n) => testUuid7(n));
    await Promise.all(ids.map((id) => ledger.admit(admission(id))));
    await Promise.all(ids.map((id) => ledger.settle(settlement(id, 'accepted'))));
    expect(counted).toEqual({ commits: 2, hashes: 200 });
  });

  it('is refused in one commit with one hash', async () => {
    const { ledger, counted } = setup();
    await ledger.admit(admission(testUuid7(1), { plan: 'deny' }));
    expect(counted).toEqual({ commits: 1, hashes: 1 });
  });

  it('is read again in one commit, with a hash of the key and one of the record, when its Idempotency-Key is repeated', async () => {
    const { ledger, counted } = setup();
    const key = 'a-key-of-sixteen-characters';
    await ledger.admit(admission(testUuid7(1), { key }));
    await ledger.settle(settlement(testUuid7(1), 'accepted'));
    expect(await ledger.admit(admission(testUuid7(2), { key }))).toMatchObject({ kind: 'replay' });
    expect(counted).toEqual({ commits: 3, hashes: 2 + 1 + 2 });
  });

  it('has each of its records written as canonical JSON once, and no record that is not stored', async () => {
    const { ledger } = setup();
    const reads = { count: 0 };
    const { records, ...rest } = admission(testUuid7(1), { charges: [quotaCharge()] });
    const { kind: _, outcome: _outcome, ...base } = watched(recordDraft('intent', testUuid7(1)), reads);
    await ledger.admit({ ...rest, records: { ...records, base } });
    expect(reads.count).toBeLessThanOrEqual(readsOfOne());
    reads.count = 0;
    const { record, ...settled } = settlement(testUuid7(1), 'accepted');
    await ledger.settle({ ...settled, record: watched(record, reads) });
    expect(reads.count).toBeLessThanOrEqual(readsOfOne());
  });
});
