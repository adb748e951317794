import type { SqlitePort } from './sqlite-port.ts';

/**
 * Decides whether retention may trust the machine's clock. Data that a wrong clock drops is lost, so a jump of more
 * than a day since the last trusted check is doubted until the clock has run for an hour from there. A day without a
 * running service looks the same and is treated the same; the hour costs nothing. The state is stored in the ledger,
 * because on some platforms a process lives only for seconds. Quotas and records use the ledger's clock instead
 * (journal.ts).
 */
export type ClockVerdict =
  | { readonly kind: 'trusted' }
  /** Nothing may be dropped. `jumpedMs` is set only when this jump is reported for the first time. */
  | { readonly kind: 'doubted'; readonly jumpedMs: number | null };

const LONGEST_STEP_MS = 24 * 60 * 60 * 1000;
const DOUBT_MS = 60 * 60 * 1000;

/** Checks the machine's time and stores the result. */
export function checkClock(sqlite: SqlitePort, machineMs: number): ClockVerdict {
  const head = sqlite.run<{ pruned_at: number; doubted_at: number | null }>(
    `SELECT pruned_at, doubted_at FROM head WHERE id = 1`,
  )[0];
  const { pruned_at: prunedAt = 0, doubted_at: doubtedAt = null } = head ?? {};
  // The first check has no earlier time to compare with.
  if (prunedAt === 0 || isStep(prunedAt, machineMs) || isDoubtOver(doubtedAt, machineMs)) {
    sqlite.run(`UPDATE head SET pruned_at = ?, doubted_at = NULL WHERE id = 1`, machineMs);
    return prunedAt === 0 ? { kind: 'doubted', jumpedMs: null } : { kind: 'trusted' };
  }
  if (doubtedAt !== null && isStep(doubtedAt, machineMs) && machineMs >= doubtedAt)
    return { kind: 'doubted', jumpedMs: null };
  sqlite.run(`UPDATE head SET doubted_at = ? WHERE id = 1`, machineMs);
  return { kind: 'doubted', jumpedMs: machineMs - prunedAt };
}

function isStep(fromMs: number, toMs: number): boolean {
  return toMs - fromMs <= LONGEST_STEP_MS;
}

function isDoubtOver(doubtedAt: number | null, machineMs: number): boolean {
  return doubtedAt !== null && machineMs >= doubtedAt + DOUBT_MS && isStep(doubtedAt, machineMs);
}
