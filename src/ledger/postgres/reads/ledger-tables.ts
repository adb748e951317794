import { POSITIONS_PER_RECORD, seqAt } from '../../../audit/delivery/outbox-position.ts';
import type { Run } from '../postgres-port.ts';

/** Reads the tables beside the chain, for a verification against the records. Each function runs in a transaction of its caller. */
export async function readCursors(run: Run): Promise<readonly { readonly sink: string; readonly seq: number }[]> {
  const rows = await run<{ sink: string; position: number }>(`SELECT sink, position FROM cursors ORDER BY sink`);
  return rows.map(({ sink, position }) => ({ sink, seq: seqAt(position) }));
}

/** As `misplacedCheckpoints` of the SQLite ledger. */
export async function misplacedCheckpoints(run: Run, limit: number): Promise<readonly number[]> {
  const rows = await run<{ count: number }>(
    `SELECT count FROM (SELECT count, position, lag(position) OVER (ORDER BY count) AS before FROM checkpoints) AS placed
     WHERE position / ${POSITIONS_PER_RECORD} < count OR position <= before ORDER BY count LIMIT $1`,
    limit,
  );
  return rows.map(({ count }) => count);
}

/** The last value on record by subject. */
export async function readLastChanges(run: Run): Promise<ReadonlyMap<string, string | null>> {
  const rows = await run<{ subject: string; value: string | null }>(`SELECT subject, value FROM last_changes`);
  return new Map(rows.map(({ subject, value }) => [subject, value]));
}

/** The records in (after, upTo] whose `time` is earlier than that of the record before, at most `limit`, in order. */
export async function clockSteps(run: Run, after: number, upTo: number, limit: number): Promise<readonly number[]> {
  const rows = await run<{ seq: number }>(
    `SELECT seq FROM clock_steps WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3`,
    ...[after, upTo, limit],
  );
  return rows.map(({ seq }) => seq);
}

/** All digests under which a text is kept, in order. */
export async function listPolicies(run: Run): Promise<readonly string[]> {
  const rows = await run<{ digest: string }>(`SELECT digest FROM policies ORDER BY digest`);
  return rows.map(({ digest }) => digest);
}

export async function findPolicy(run: Run, digest: string): Promise<string | null> {
  const [row] = await run<{ document: string }>(`SELECT document FROM policies WHERE digest = $1`, digest);
  return row?.document ?? null;
}
