import type { SqlitePort } from './sqlite-port.ts';

/**
 * A table with one JSON text for each scope (a hash of who it is about) and minute of the ledger's clock. The rows are in
 * the database and not in memory, so what they count is exact across a rolled-back batch and a restart. A minute is over
 * when its end has passed; a minute after the current one is of a clock that was corrected since, and counts as over.
 */
export interface MinuteRows {
  get(now: number, scope: string): string | undefined;
  set(now: number, scope: string, minute: string): void;
  /** How many rows the current minute has. */
  count(now: number): number;
  /** Removes the oldest minutes that are over, at most `limit`, and returns their texts. */
  take(now: number, limit: number): { readonly minutes: readonly string[]; readonly more: boolean };
}

export const MINUTE_MS = 60_000;

export function createMinuteRows(sqlite: SqlitePort, table: 'suppressions' | 'reads'): MinuteRows {
  const endOf = (now: number): number => (Math.floor(now / MINUTE_MS) + 1) * MINUTE_MS;
  return {
    get: (now, scope) =>
      sqlite.run<{ minute: string }>(
        `SELECT minute FROM ${table} WHERE window_end = ? AND scope = ?`,
        endOf(now),
        scope,
      )[0]?.minute,
    set(now, scope, minute) {
      sqlite.run(
        `INSERT INTO ${table} (window_end, scope, minute) VALUES (?, ?, ?)
         ON CONFLICT (window_end, scope) DO UPDATE SET minute = excluded.minute`,
        endOf(now),
        scope,
        minute,
      );
    },
    count: (now) =>
      sqlite.run<{ n: number }>(`SELECT count(*) AS n FROM ${table} WHERE window_end = ?`, endOf(now))[0]?.n ?? 0,
    take(now, limit) {
      const rows = sqlite.run<{ window_end: number; scope: string; minute: string }>(
        `SELECT window_end, scope, minute FROM ${table} WHERE window_end <= ? OR window_end > ?
         ORDER BY window_end, scope LIMIT ?`,
        now,
        now + MINUTE_MS,
        Math.max(0, limit) + 1,
      );
      const taken = rows.slice(0, Math.max(0, limit));
      for (const { window_end: windowEnd, scope } of taken) {
        sqlite.run(`DELETE FROM ${table} WHERE window_end = ? AND scope = ?`, windowEnd, scope);
      }
      return { minutes: taken.map(({ minute }) => minute), more: rows.length > taken.length };
    },
  };
}
