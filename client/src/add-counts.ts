import type { AuditCounts } from './api-types.ts';

/** The sum of what was counted before (null: nothing) and what came next. */
export function addCounts(before: AuditCounts | null, next: AuditCounts): AuditCounts {
  if (before === null) return next;
  const rows = new Map(before.counts.map((row) => [`${row.from} ${row.result}`, row]));
  for (const row of next.counts) {
    const key = `${row.from} ${row.result}`;
    const { requests = 0, addresses = 0 } = rows.get(key) ?? {};
    rows.set(key, { ...row, requests: requests + row.requests, addresses: addresses + row.addresses });
  }
  // oxlint-disable-next-line unicorn/no-array-sort -- ES2022 has no toSorted, and the array is new.
  return { ...next, counts: [...rows.values()].sort((a, b) => a.from.localeCompare(b.from)) };
}
