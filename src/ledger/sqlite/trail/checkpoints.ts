import type { ChainState } from '../../chain-state.ts';
import type { StoredCheckpoint } from '../../port.ts';
import type { SqlitePort } from '../sqlite-port.ts';
import { lastPositionAt, positionOf, POSITIONS_PER_RECORD } from '../../../audit/delivery/outbox-position.ts';
import { readEnds } from './trail.ts';

/**
 * Checkpoints in SQLite, stored verbatim. Each checkpoint covers more records than the previous one. Its outbox
 * position is behind the last item at the time it was stored. That may be later than the last record it covers:
 * signing takes time, and records are appended meanwhile.
 */
type CheckpointRow = { count: number; position: number; made_at: number; line: string };

/** `storedAt`: by the ledger's clock. */
export function addCheckpoint(
  sqlite: SqlitePort,
  { count, madeAt, line }: StoredCheckpoint,
  storedAt: number,
): boolean {
  const { head } = readEnds(sqlite);
  const last = lastCheckpoint(sqlite, head.seq);
  const position = Math.max(positionOf(head.seq), last?.position ?? 0) + 1;
  if (count < 1 || count > head.seq || count <= (last?.count ?? 0) || position > lastPositionAt(head.seq)) return false;
  sqlite.run(
    `INSERT INTO checkpoints (count, position, made_at, line, stored_at) VALUES (?, ?, ?, ?, ?)`,
    count,
    position,
    madeAt,
    line,
    storedAt,
  );
  return true;
}

export function readCheckpoints(sqlite: SqlitePort, after: number, limit: number): readonly StoredCheckpoint[] {
  return sqlite
    .run<CheckpointRow>(`SELECT * FROM checkpoints WHERE count > ? ORDER BY count LIMIT ?`, after, Math.max(0, limit))
    .map(({ count, made_at: madeAt, line }) => ({ count, madeAt, line }));
}

export function readChain(sqlite: SqlitePort): ChainState {
  const { base, head } = readEnds(sqlite);
  const last = lastCheckpoint(sqlite, head.seq);
  return { base, head, checkpoint: last === undefined ? null : { count: last.count, madeAt: last.made_at } };
}

/**
 * The counts of checkpoints with a position that `addCheckpoint` never gives: before the last record they cover, or not
 * behind the checkpoint before. A sink may be past such a position, and never receives the checkpoint.
 */
export function misplacedCheckpoints(sqlite: SqlitePort, limit: number): readonly number[] {
  return sqlite
    .run<{ count: number }>(
      `SELECT count FROM (SELECT count, position, lag(position) OVER (ORDER BY count) AS before FROM checkpoints)
       WHERE position / ${POSITIONS_PER_RECORD} < count OR position <= before ORDER BY count LIMIT ?`,
      limit,
    )
    .map(({ count }) => count);
}

/** The last checkpoint at or before `headSeq`. One ahead of the trail's end is foreign and would block all later ones. */
export function lastCheckpoint(sqlite: SqlitePort, headSeq: number): CheckpointRow | undefined {
  return sqlite.run<CheckpointRow>(
    `SELECT * FROM checkpoints WHERE count <= ? AND position <= ? ORDER BY count DESC LIMIT 1`,
    headSeq,
    lastPositionAt(headSeq),
  )[0];
}
