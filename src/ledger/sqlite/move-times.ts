import { REPLY_RETENTION_MS } from '../trusted-time.ts';
import type { Move } from '../trusted-time.ts';
import { moveSignInHolds } from './sign-ins.ts';
import type { SqlitePort } from './sqlite-port.ts';

/**
 * Moves stored times when the ledger's clock was corrected, so that a correction neither frees a key early nor keeps a
 * quota used up. What was stamped without a witness moves along, never beyond what the same step would be given now.
 * Runs in the transaction of a writing step.
 */

/** What an open intent, and a request that just became unknown, wait for at most. */
const LONGEST_WAIT_MS = 60_000;
/** Without reading all rows (open-requests.ts). */
const OPEN = `state = 'open' AND (owner, request_id) IN (
  SELECT owner, request_id FROM head CROSS JOIN records ON records.seq > open_after)`;
/** Requests that have ended are not read again by time. */
const UNSETTLED = [OPEN, `state = 'unknown'`] as const;

/** The clock was ahead: what lies in the future is brought back to where it would lie if it was stamped now. */
export function moveBack(sqlite: SqlitePort, { storedMs, nowMs }: { storedMs: number; nowMs: number }): void {
  const keepUntil = nowMs + REPLY_RETENTION_MS;
  const soon = nowMs + LONGEST_WAIT_MS;
  sqlite.run(`UPDATE replies SET keep_until = ? WHERE keep_until > ?`, keepUntil, keepUntil);
  sqlite.run(`UPDATE requests SET expires_at = ? WHERE ${OPEN} AND expires_at > ?`, soon, soon);
  sqlite.run(`UPDATE requests SET look_at = ? WHERE state = 'unknown' AND look_at > ?`, soon, soon);
  for (const unsettled of UNSETTLED)
    sqlite.run(`UPDATE requests SET admitted_at = min(admitted_at, ?) WHERE ${unsettled}`, nowMs);
  sqlite.run(`UPDATE checkpoints SET stored_at = ? WHERE stored_at > ?`, nowMs, nowMs);
  moveSignInHolds(sqlite, { byMs: 0, sinceMs: nowMs, nowMs });
  moveCounters(sqlite, { afterMs: nowMs, byMs: nowMs - storedMs, nowMs });
  sqlite.run(`UPDATE head SET clock_ms = ?, witnessed_ms = ? WHERE id = 1`, nowMs, nowMs);
}

/**
 * The clock was behind, by downtime or from the beginning: what was stamped since the last witness really happened
 * later. Counters move only in a ledger without an earlier witness. In others they are of windows that have really
 * begun.
 */
export function moveForward(
  sqlite: SqlitePort,
  { byMs, toMs }: Move,
  { nowMs, witnessedMs }: { readonly nowMs: number; readonly witnessedMs: number | null },
): void {
  const sinceMs = witnessedMs ?? 0;
  const keepUntil = nowMs + REPLY_RETENTION_MS;
  sqlite.run(
    `UPDATE replies SET keep_until = min(keep_until + ?, ?) WHERE keep_until >= ?`,
    byMs,
    keepUntil,
    sinceMs + REPLY_RETENTION_MS,
  );
  for (const unsettled of UNSETTLED) {
    sqlite.run(
      `UPDATE requests SET admitted_at = min(admitted_at + ?, ?) WHERE ${unsettled} AND admitted_at >= ?`,
      byMs,
      nowMs,
      sinceMs,
    );
  }
  sqlite.run(`UPDATE checkpoints SET stored_at = min(stored_at + ?, ?) WHERE stored_at >= ?`, byMs, nowMs, sinceMs);
  moveSignInHolds(sqlite, { byMs, sinceMs, nowMs });
  if (witnessedMs === null) moveCounters(sqlite, { afterMs: toMs - byMs, byMs, nowMs });
}

/**
 * Adds the counters of every window that ends after `afterMs` to the windows of `nowMs`, and drops those of windows
 * that, moved by `byMs`, ended before these began.
 */
function moveCounters(
  sqlite: SqlitePort,
  { afterMs, byMs, nowMs }: { readonly afterMs: number; readonly byMs: number; readonly nowMs: number },
): void {
  const windowOfNow = `CAST(? AS INTEGER) / window_ms * window_ms + window_ms`;
  const moved = `window_end > ? AND window_end <> ${windowOfNow}`;
  sqlite.run(
    `INSERT INTO counters (window_end, window_ms, quota, unit, counter, used)
     SELECT ${windowOfNow}, window_ms, quota, unit, counter, sum(used) FROM counters
     WHERE ${moved} AND window_end + ? > ${windowOfNow} - window_ms
     GROUP BY window_ms, quota, unit, counter
     ON CONFLICT (window_end, window_ms, quota, unit, counter) DO UPDATE SET used = used + excluded.used`,
    ...[nowMs, afterMs, nowMs, byMs, nowMs],
  );
  sqlite.run(`DELETE FROM counters WHERE ${moved}`, afterMs, nowMs);
}
