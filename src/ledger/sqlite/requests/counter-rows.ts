import type { SqlitePort } from '../sqlite-port.ts';
import type { CounterRows } from './quota.ts';

/** The counters of quotas (quota.ts) in SQLite: one row per quota, unit, counter and window. */

/** How many counters one statement reads at most. A Durable Object binds 100 parameters to a statement. */
const READ_TOGETHER = 64;
/** Fewer counters than this are read one by one: a statement for many is always bound to READ_TOGETHER of them. */
const READ_ALONE = 8;
const OF_WINDOW = `FROM counters WHERE window_end = ? AND window_ms = ? AND quota = ? AND unit = ?`;
const READ_ONE = `SELECT counter, used ${OF_WINDOW} AND counter = ?`;
const READ_MANY = `SELECT counter, used ${OF_WINDOW} AND counter IN (${Array(READ_TOGETHER).fill('?').join(', ')})`;

type CounterRow = { counter: string; used: number };

export function createCounterRows(sqlite: SqlitePort): CounterRows {
  return {
    *read({ windowEnd, windowMs, quota, unit }, counters) {
      const together = counters.length < READ_ALONE ? 1 : READ_TOGETHER;
      for (let from = 0; from < counters.length; from += together) {
        const some = counters.slice(from, from + together);
        // A counter that is named again changes nothing.
        while (some.length < together) some.push(some[0] ?? '');
        yield* sqlite.run<CounterRow>(
          together === 1 ? READ_ONE : READ_MANY,
          ...[windowEnd, windowMs, quota, unit],
          ...some,
        );
      }
    },
    add({ quota, unit, counter, windowMs, windowEnd, amount }) {
      sqlite.run(
        `INSERT INTO counters (window_end, window_ms, quota, unit, counter, used) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (window_end, window_ms, quota, unit, counter) DO UPDATE SET used = used + excluded.used`,
        ...[windowEnd, windowMs, quota, unit, counter, amount],
      );
    },
    subtract({ quota, unit, counter, windowMs, windowEnd, amount }) {
      sqlite.run(
        `UPDATE counters SET used = max(0, used - ?) WHERE window_end = ? AND window_ms = ? AND quota = ? AND unit = ? AND counter = ?`,
        ...[amount, windowEnd, windowMs, quota, unit, counter],
      );
    },
    dropEndedBefore(endedBefore) {
      sqlite.run(`DELETE FROM counters WHERE window_end <= ?`, endedBefore);
    },
  };
}
