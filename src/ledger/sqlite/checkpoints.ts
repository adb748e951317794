import type { ChainState, StoredCheckpoint } from '../port.ts';
import type { SqlitePort } from './sqlite-port.ts';
import { readEnds } from './trail.ts';

/**
 * Checkpoints in SQLite, kept verbatim. Each covers more records than the one before and stands in the outbox behind the
 * record that was last when it was stored: signing takes a while, so that may be later than what it covers.
 */
type CheckpointRow = { count: number; position: number; made_at: number; line: string };

export function addCheckpoint(sqlite: SqlitePort, { count, madeAt, line }: StoredCheckpoint): boolean {
  const { head } = readEnds(sqlite);
  const position = 2 * head.seq + 1;
  const last = lastCheckpoint(sqlite, head.seq);
  if (count < 1 || count > head.seq || count <= (last?.count ?? 0) || last?.position === position) return false;
  sqlite.run(
    `INSERT INTO checkpoints (count, position, made_at, line) VALUES (?, ?, ?, ?)`,
    count,
    position,
    madeAt,
    line,
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

/** Of those that the trail can have up to `headSeq`: one ahead of its end is none of ours, and would stop all others. */
export function lastCheckpoint(sqlite: SqlitePort, headSeq: number): CheckpointRow | undefined {
  return sqlite.run<CheckpointRow>(
    `SELECT * FROM checkpoints WHERE count <= ? AND position <= ? ORDER BY count DESC LIMIT 1`,
    headSeq,
    2 * headSeq + 1,
  )[0];
}
