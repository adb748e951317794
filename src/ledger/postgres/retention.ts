import type { Pruned, Retention } from '../background-steps.ts';
import { MAX_PRUNED_RECORDS } from '../page.ts';
import type { Head } from './head.ts';
import { acknowledgedByAll } from './outbox.ts';
import type { Run } from './postgres-port.ts';
import { readHash } from './reads/read-trail.ts';

/**
 * Drops what is past its time, as the SQLite ledger does (sqlite/trail/retention.ts says what is kept, and why). Runs
 * behind the lock of the head row, in bounded steps: the batches of all replicas wait for it.
 */

/** Counters outlive their window: the clock may be corrected back into it, and it must not open again with an empty one. */
const KEEP_COUNTERS_MS = 60 * 60 * 1000;
const REPLIES_PER_PRUNE = 5_000;

export async function dropCounters(run: Run, nowMs: number): Promise<void> {
  await run(`DELETE FROM counters WHERE window_end <= $1`, nowMs - KEEP_COUNTERS_MS);
}

/**
 * Drops keys and answers whose retention is over, in a part of the table, and returns where the next call begins. Null:
 * at the beginning.
 */
export async function dropReplies(run: Run, nowMs: number, after: number | null): Promise<number | null> {
  const from = after ?? Number.MIN_SAFE_INTEGER;
  const [last] = await run<{ seq: number }>(
    `SELECT seq FROM replies WHERE seq > $1 ORDER BY seq LIMIT 1 OFFSET $2`,
    from,
    REPLIES_PER_PRUNE - 1,
  );
  await run(
    // A key may have been bound anew in the meantime.
    `WITH over AS (DELETE FROM replies WHERE seq > $1 AND seq <= $2 AND keep_until <= $3 RETURNING seq, scope)
     DELETE FROM keys USING over WHERE keys.scope = over.scope AND keys.seq = over.seq`,
    ...[from, last?.seq ?? Number.MAX_SAFE_INTEGER, nowMs],
  );
  return last?.seq ?? null;
}

/** One cut per call: from the beginning of the trail up to a checkpoint that every sink has acknowledged. */
export async function pruneRecords(
  run: Run,
  { sinks, keepRecordsMs }: Retention,
  { stored, nowMs }: { readonly stored: Head; readonly nowMs: number },
): Promise<Pruned> {
  if (keepRecordsMs === null) return { records: 0, more: false };
  const limits = {
    acknowledged: await acknowledgedByAll(run, sinks, stored.head.seq),
    before: nowMs - keepRecordsMs,
    headSeq: stored.head.seq,
  };
  const cut = await nextCut(run, stored.base.seq, limits);
  const hash = cut === null ? null : await readHash(run, cut);
  // Without its hash the kept records would have nothing to continue: a later checkpoint is another chance.
  if (cut === null || hash === null) return { records: 0, more: false };
  await dropUpTo(run, cut, hash, stored.policyDigest);
  return { records: cut - stored.base.seq, more: (await nextCut(run, cut, limits)) !== null };
}

interface Limits {
  /** A position in the outbox. */
  readonly acknowledged: number;
  /** Only a checkpoint that was stored before this is a cut, in milliseconds since the epoch. */
  readonly before: number;
  readonly headSeq: number;
}

/** The furthest checkpoint within one step; the nearest one when even that is beyond one step. */
async function nextCut(run: Run, base: number, { acknowledged, before, headSeq }: Limits): Promise<number | null> {
  const [nearest] = await run<{ count: number; stored_at: number }>(
    `SELECT count, stored_at FROM checkpoints WHERE count > $1 AND count <= $2 ORDER BY count LIMIT 1`,
    base,
    headSeq,
  );
  if (nearest === undefined || nearest.stored_at >= before) return null;
  const reach = Math.max(nearest.count, Math.min(base + MAX_PRUNED_RECORDS, headSeq));
  const [furthest] = await run<{ count: number | null }>(
    `SELECT max(count) AS count FROM checkpoints WHERE count > $1 AND count < $2 AND position <= $3 AND stored_at < $4`,
    ...[base, await firstNeeded(run, reach), acknowledged, before],
  );
  return furthest?.count ?? null;
}

/** The seq of the first deciding record up to `seq` whose request must be kept; `seq + 1` when there is none. */
async function firstNeeded(run: Run, seq: number): Promise<number> {
  const [first] = await run<{ seq: number | null }>(
    `SELECT min(decided_seq) AS seq FROM requests WHERE decided_seq <= $1 AND (state IN ('open', 'unknown') OR EXISTS (
       SELECT 1 FROM keys WHERE keys.scope = requests.key_scope AND keys.request_id = requests.request_id))`,
    seq,
  );
  return Math.min(seq + 1, first?.seq ?? Infinity);
}

async function dropUpTo(run: Run, seq: number, hash: string, policyDigest: string): Promise<void> {
  await Promise.all([
    run(
      `WITH dropped AS (DELETE FROM requests WHERE decided_seq <= $1 RETURNING request_id)
       DELETE FROM further_records USING dropped WHERE further_records.request_id = dropped.request_id`,
      seq,
    ),
    run(
      `DELETE FROM owners WHERE NOT EXISTS (SELECT 1 FROM requests WHERE requests.owner = owners.owner)
         AND owner IN (SELECT owner FROM records WHERE seq <= $1)`,
      seq,
    ),
    run(`DELETE FROM records WHERE seq <= $1`, seq),
    run(`DELETE FROM checkpoints WHERE count < $1`, seq),
    run(`DELETE FROM clock_steps WHERE seq <= $1`, seq),
    run(`UPDATE head SET base_seq = $1, base_hash = $2 WHERE id = 1`, seq, hash),
    dropPolicies(run, seq, policyDigest),
  ]);
}

/** Drops the policies that no record behind `seq` names and that are not in force. */
async function dropPolicies(run: Run, seq: number, policyDigest: string): Promise<void> {
  await run(
    `WITH unused AS (
       DELETE FROM policy_uses WHERE last_seq <= $1 AND digest <> $2
         AND digest NOT IN (SELECT value FROM last_changes WHERE subject = 'policy' AND value IS NOT NULL)
       RETURNING digest)
     DELETE FROM policies USING unused WHERE policies.digest = unused.digest`,
    seq,
    policyDigest,
  );
}
