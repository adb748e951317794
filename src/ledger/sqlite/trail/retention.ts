import type { ChainHead } from '../../../audit/chain.ts';
import type { SqliteOutbox } from './outbox.ts';
import { MAX_PRUNED_RECORDS } from '../../page.ts';
import type { Pruned, Retention } from '../../background-steps.ts';
import { dropFurther } from '../requests/further-records.ts';
import type { OpenRequests } from '../requests/open-requests.ts';
import type { Owners } from '../requests/owners.ts';
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
  {
    outbox,
    owners,
    open,
  }: {
    readonly outbox: SqliteOutbox;
    readonly owners: Pick<Owners, 'dropUnused'>;
    readonly open: Pick<OpenRequests, 'first'>;
  },
  { sinks, keepRecordsMs }: Retention,
  now: number,
): Pruned {
  if (keepRecordsMs === null) return { records: 0, more: false };
  const acknowledged = outbox.acknowledgedByAll(sinks);
  const before = now - keepRecordsMs;
  const limits = { acknowledged, before, firstOpen: open.first() };
  const from = readEnds(sqlite).base.seq;
  const cut = nextCut(sqlite, limits);
  const hash = cut === null ? null : readHash(sqlite, cut);
  // Without its hash the kept records would have nothing to continue: a later checkpoint is another chance.
  if (cut === null || hash === null) return { records: 0, more: false };
  dropUpTo(sqlite, owners, { seq: cut, hash });
  return { records: cut - from, more: nextCut(sqlite, limits) !== null };
}

interface Limits {
  /** The record that admitted the first open request; null when none is open. */
  readonly firstOpen: number | null;
  /** A position in the outbox. */
  readonly acknowledged: number;
  /** Only a checkpoint that was stored before this is a cut, in milliseconds since the epoch. */
  readonly before: number;
}

/** The furthest checkpoint within one step (MAX_PRUNED_RECORDS); the nearest one when even that is beyond one step. */
function nextCut(sqlite: SqlitePort, { acknowledged, before, firstOpen }: Limits): number | null {
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
    firstNeeded(sqlite, base, reach, firstOpen) - 1,
    acknowledged,
    before,
  )[0];
  return furthest?.count ?? null;
}

/** The seq of the first deciding record up to `seq` whose request must be kept; `seq + 1` when there is none. */
function firstNeeded(sqlite: SqlitePort, after: number, seq: number, firstOpen: number | null): number {
  const unknown = firstOf(sqlite, `SELECT min(decided_seq) AS seq FROM requests WHERE state = 'unknown'`);
  const isHeld = `SELECT 1 FROM keys WHERE keys.scope = requests.key_scope AND keys.request_id = requests.request_id`;
  const held = areListed(sqlite, after, seq)
    ? firstOf(
        sqlite,
        `SELECT seq FROM records CROSS JOIN requests USING (owner, request_id)
         WHERE seq > ? AND seq <= ? AND EXISTS (${isHeld}) ORDER BY seq LIMIT 1`,
        after,
        seq,
      )
    : firstOf(
        sqlite,
        `SELECT min(decided_seq) AS seq FROM requests WHERE decided_seq <= ? AND EXISTS (${isHeld})`,
        seq,
      );
  return Math.min(seq + 1, held, unknown, firstOpen ?? Infinity);
}

function firstOf(sqlite: SqlitePort, query: string, ...params: readonly number[]): number {
  return sqlite.run<{ seq: number | null }>(query, ...params)[0]?.seq ?? Infinity;
}

/**
 * Whether each record in (after, upTo] that decides a request names its row. Those of earlier schemas do not, and a damaged
 * one of them may have been such a record. Their requests are found by reading all rows.
 */
function areListed(sqlite: SqlitePort, after: number, upTo: number): boolean {
  const unlisted = sqlite.run(
    `SELECT 1 FROM records WHERE seq > ? AND seq <= ? AND owner IS NULL AND (
       instr(line, '"kind":"intent"') > 0 OR instr(line, '"kind":"denial"') > 0 OR NOT json_valid(line)
     ) LIMIT 1`,
    after,
    upTo,
  );
  return unlisted.length === 0;
}

function dropUpTo(sqlite: SqlitePort, owners: Pick<Owners, 'dropUnused'>, { seq, hash }: ChainHead): void {
  const { base } = readEnds(sqlite);
  const listed = `(owner, request_id) IN (SELECT owner, request_id FROM records WHERE seq <= ?)`;
  const dropped = areListed(sqlite, base.seq, seq)
    ? sqlite.run<DroppedRow>(`DELETE FROM requests WHERE ${listed} AND decided_seq <= ? ${DROPPED}`, seq, seq)
    : sqlite.run<DroppedRow>(`DELETE FROM requests WHERE decided_seq <= ? ${DROPPED}`, seq);
  for (const { request_id: requestId } of dropped) dropFurther(sqlite, requestId);
  owners.dropUnused(new Set(dropped.map(({ owner }) => owner)));
  sqlite.run(`DELETE FROM records WHERE seq <= ?`, seq);
  sqlite.run(`DELETE FROM checkpoints WHERE count < ?`, seq);
  sqlite.run(`DELETE FROM clock_steps WHERE seq <= ?`, seq);
  sqlite.run(`UPDATE head SET base_seq = ?, base_hash = ? WHERE id = 1`, seq, hash);
  dropPolicies(sqlite, seq);
}

type DroppedRow = { owner: number; request_id: string };
const DROPPED = `RETURNING owner, request_id`;
