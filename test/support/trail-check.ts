/**
 * Holds what the stand-in Galileo received against the trail, for every test that invites: each request that arrived
 * has an intent with the hash of exactly its bytes, and arrived as often as its outcome says it was tried.
 */
import { expect } from 'vitest';
import type { Received } from '../../dev/galileo.ts';
import type { AuditRecord } from '../../src/audit/record.ts';

export function checkTrail(received: readonly Received[], records: readonly AuditRecord[]): void {
  const arrived = countBy(received, ({ sha256 }) => sha256);
  const tried = new Map<string, number>();
  for (const intent of records.filter(({ kind }) => kind === 'intent')) {
    const sha256 = intent.request_sha256 ?? 'an intent without a hash';
    const outcome = records.find(
      (record) =>
        record.kind === 'outcome' &&
        record.request_id === intent.request_id &&
        record.outcome.settled_by === 'exchange',
    );
    // Without an outcome of its own (a failing ledger, a crash) a request went once.
    const times = outcome?.outcome.attempts?.filter(({ result }) => result !== 'not_sent').length ?? 1;
    if (times > 0) tried.set(sha256, (tried.get(sha256) ?? 0) + times);
  }
  expect(Object.fromEntries(arrived)).toEqual(Object.fromEntries(tried));
}

function countBy<T>(items: readonly T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}
