import { REPLY_RETENTION_MS } from '../trusted-time.ts';
import type { Run } from './postgres-port.ts';
import { moveSignInHoldsBack } from './sign-ins.ts';

/**
 * Moves stored times when the server's clock was set back, for example at a failover to a server with another clock: what
 * lies in the future is brought back to where it would lie if it was stamped now. So a correction neither frees a key early
 * nor keeps a quota used up. Runs in the transaction of a writing step.
 */

/** What an open intent, and a request that just became unknown, wait for at most. */
const LONGEST_WAIT_MS = 60_000;

export async function moveBack(
  run: Run,
  { storedMs, nowMs }: { readonly storedMs: number; readonly nowMs: number },
): Promise<void> {
  const keepUntil = nowMs + REPLY_RETENTION_MS;
  const soon = nowMs + LONGEST_WAIT_MS;
  const windowOfNow = `($1::bigint / window_ms * window_ms + window_ms)`;
  const moved = `window_end > $1 AND window_end <> ${windowOfNow}`;
  await Promise.all([
    run(`UPDATE replies SET keep_until = $1 WHERE keep_until > $1`, keepUntil),
    run(`UPDATE requests SET expires_at = $1 WHERE state = 'open' AND expires_at > $1`, soon),
    run(`UPDATE requests SET look_at = $1 WHERE state = 'unknown' AND look_at > $1`, soon),
    run(`UPDATE requests SET admitted_at = least(admitted_at, $1) WHERE state IN ('open', 'unknown')`, nowMs),
    run(`UPDATE checkpoints SET stored_at = $1 WHERE stored_at > $1`, nowMs),
    // The counters of every window that ends later are added to the windows of now, and those dropped that, moved along,
    // ended before these began.
    run(
      `INSERT INTO counters (window_end, window_ms, quota, unit, counter, used)
       SELECT ${windowOfNow}, window_ms, quota, unit, counter, sum(used) FROM counters
       WHERE ${moved} AND window_end + $2 > ${windowOfNow} - window_ms
       GROUP BY window_ms, quota, unit, counter
       ON CONFLICT (window_end, window_ms, quota, unit, counter) DO UPDATE SET used = counters.used + excluded.used`,
      nowMs,
      nowMs - storedMs,
    ),
    run(`DELETE FROM counters WHERE ${moved}`, nowMs),
    moveSignInHoldsBack(run, nowMs),
    run(`UPDATE head SET clock_ms = $1 WHERE id = 1`, nowMs),
  ]);
}
