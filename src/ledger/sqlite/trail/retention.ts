import type { ChainHead } from '../../../audit/chain.ts';
import type { SqliteOutbox } from './outbox.ts';
import { MAX_PRUNED_RECORDS } from '../../page.ts';
import type { Pruned, Retention } from '../../background-steps.ts';
import { dropFurther } from '../requests/further-records.ts';
import type { SqlitePort } from '../sqlite-port.ts';
import { dropPolicies } from '../policies.ts';
import { readEnds, readHash } from './trail.ts';

/**
 * Drops records past their retention: from the beginning of the trail up to a checkpoint that every sink has
 * acknowledged, one such cut per call. The age of a record is the age of the checkpoint that covers it, by the ledger's
 * clock: the `time` of a record may be wrong. The checkpoint is kept, and the hash of its last record becomes the base
 * that the first kept record continues; the chain therefore verifies before and after every cut. Kept data never needs
 * a dropped record: a cut stops before any request that is open or unknown, or whose reply may still be replayed.
 */
export function pruneRecords(
  sqlite: SqlitePort,
  outbox: SqliteOutbox,
  { sinks, keepRecordsMs }: Retention,
  now: number,
): Pruned {
  if (keepRecordsMs === null) return { records: 0, more: false };
  const acknowledged = outbox.acknowledgedByAll(sinks);
  const before = now - keepRecordsMs;
  const from = readEnds(sqlite).base.seq;
  const cut = nextCut(sqlite, { acknowledged, before });
  const hash = cut === null ? null : readHash(sqlite, cut);
  // Without its hash the kept records would have nothing to continue: a later checkpoint is another chance.
  if (cut === null || hash === null) return { records: 0, more: false };
  dropUpTo(sqlite, { seq: cut, hash });
  return { records: cut - from, more: nextCut(sqlite, { acknowledged, before }) !== null };
}

interface Limits {
  /** A position in the outbox. */
  readonly acknowledged: number;
  /** Only a checkpoint that was stored before this is a cut, in milliseconds since the epoch. */
  readonly before: number;
}

/** The furthest checkpoint within one step (MAX_PRUNED_RECORDS); the nearest one when even that is beyond one step. */
function nextCut(sqlite: SqlitePort, { acknowledged, before }: Limits): number | null {
  const {
    base: { seq: base },
    head,
  } = readEnds(sqlite);
  const nearest = sqlite.run<{ count: number; stored_at: number }>(
    `SELECT count, stored_at FROM checkpoints WHERE count > ? AND count <= ? ORDER BY count LIMIT 1`,
    base,
    head.seq,
  )[0];
  if (nearest === undefined || nearest.stored_at >= before) return null;
  const reach = Math.max(nearest.count, Math.min(base + MAX_PRUNED_RECORDS, head.seq));
  const furthest = sqlite.run<{ count: number | null }>(
    `SELECT max(count) AS count FROM checkpoints WHERE count > ? AND count <= ? AND position <= ? AND stored_at < ?`,
    base,
    firstNeeded(sqlite, reach) - 1,
    acknowledged,
    before,
  )[0];
  return furthest?.count ?? null;
}

/** The seq of the first deciding record up to `seq` whose request must be kept; `seq + 1` when there is none. */
function firstNeeded(sqlite: SqlitePort, seq: number): number {
  const needed = sqlite.run<{ decided_seq: number }>(
    `SELECT decided_seq FROM requests
     WHERE decided_seq <= ? AND (
       state IN ('open', 'unknown') OR
       EXISTS (SELECT 1 FROM keys WHERE keys.scope = requests.key_scope AND keys.request_id = requests.request_id)
     ) ORDER BY decided_seq LIMIT 1`,
    seq,
  )[0];
  return needed?.decided_seq ?? seq + 1;
}

function dropUpTo(sqlite: SqlitePort, { seq, hash }: ChainHead): void {
  sqlite.run(`DELETE FROM records WHERE seq <= ?`, seq);
  dropFurther(sqlite, seq);
  sqlite.run(`DELETE FROM requests WHERE decided_seq <= ?`, seq);
  sqlite.run(`DELETE FROM checkpoints WHERE count < ?`, seq);
  sqlite.run(`DELETE FROM clock_steps WHERE seq <= ?`, seq);
  sqlite.run(`UPDATE head SET base_seq = ?, base_hash = ? WHERE id = 1`, seq, hash);
  dropPolicies(sqlite, seq);
}
