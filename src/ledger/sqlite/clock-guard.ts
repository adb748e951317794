import type { SqlitePort } from './sqlite-port.ts';

/**
 * Whether the machine's clock may decide what is past its time. What a wrong clock drops is gone for good, so a step of
 * more than a day since the last time that something could be dropped is not believed until the clock has gone on from
 * there for an hour. The same after a day without a service: the two look alike, and an hour costs nothing. Kept in the
 * ledger, since on some platforms the program lives for seconds only. Quotas and records keep the ledger's time (journal.ts).
 */
export type ClockVerdict =
  | { readonly kind: 'trusted' }
  /** `jumpedMs` when it is told for the first time. Nothing may be dropped. */
  | { readonly kind: 'doubted'; readonly jumpedMs: number | null };

const LONGEST_STEP_MS = 24 * 60 * 60 * 1000;
const DOUBT_MS = 60 * 60 * 1000;

/** Judges the machine's time and writes down what it found. */
export function checkClock(sqlite: SqlitePort, machineMs: number): ClockVerdict {
  const head = sqlite.run<{ pruned_at: number; doubted_at: number | null }>(
    `SELECT pruned_at, doubted_at FROM head WHERE id = 1`,
  )[0];
  const { pruned_at: prunedAt = 0, doubted_at: doubtedAt = null } = head ?? {};
  // The first time there is nothing to compare with.
  if (prunedAt === 0 || isStep(prunedAt, machineMs) || hasGoneOn(doubtedAt, machineMs)) {
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

function hasGoneOn(doubtedAt: number | null, machineMs: number): boolean {
  return doubtedAt !== null && machineMs >= doubtedAt + DOUBT_MS && isStep(doubtedAt, machineMs);
}
