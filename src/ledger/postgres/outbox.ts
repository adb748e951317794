import type { OutboxItem } from '../../audit/delivery/sink.ts';
import { lastPositionAt, positionOf, POSITIONS_PER_RECORD, seqAt } from '../../audit/delivery/outbox-position.ts';
import { parseObject } from '../../lib/parse-object.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import { MAX_LEASE_LENGTH, takeLines } from '../page.ts';
import type { ChainState } from '../chain-state.ts';
import type { SinkBacklog, StoredCheckpoint } from '../port.ts';
import { readHead } from './head.ts';
import type { Head } from './head.ts';
import type { Run } from './postgres-port.ts';
import { readRecords, readTime } from './reads/read-trail.ts';

/**
 * The outbox and the checkpoints in it (sqlite/trail/outbox.ts and checkpoints.ts say what they are). Each function runs in
 * a transaction of its caller; one that writes runs behind the lock of the head row.
 */
type CheckpointRow = { count: number; position: number; made_at: number; line: string };

/** The last checkpoint at or before `headSeq`. One ahead of the trail's end is foreign and would block all later ones. */
async function lastCheckpoint(run: Run, headSeq: number): Promise<CheckpointRow | undefined> {
  const [row] = await run<CheckpointRow>(
    `SELECT count, position, made_at, line FROM checkpoints WHERE count <= $1 AND position <= $2 ORDER BY count DESC LIMIT 1`,
    headSeq,
    lastPositionAt(headSeq),
  );
  return row;
}

export async function addCheckpoint(
  run: Run,
  { count, madeAt, line }: StoredCheckpoint,
  { head: { seq }, storedAt }: Pick<Head, 'head'> & { readonly storedAt: number },
): Promise<boolean> {
  const last = await lastCheckpoint(run, seq);
  const position = Math.max(positionOf(seq), last?.position ?? 0) + 1;
  if (count < 1 || count > seq || count <= (last?.count ?? 0) || position > lastPositionAt(seq)) return false;
  // Another replica has made one meanwhile: this one names the one before that, and would fork the chain of checkpoints.
  const previous = parseObject(line)?.['previous'];
  if (previous !== undefined && previous !== (last === undefined ? null : sha256Hex(last.line))) return false;
  await run(
    `INSERT INTO checkpoints (count, position, made_at, line, stored_at) VALUES ($1, $2, $3, $4, $5)`,
    ...[count, position, madeAt, line, storedAt],
  );
  return true;
}

export async function readCheckpoints(run: Run, after: number, limit: number): Promise<readonly StoredCheckpoint[]> {
  const rows = await run<CheckpointRow>(
    `SELECT count, position, made_at, line FROM checkpoints WHERE count > $1 ORDER BY count LIMIT $2`,
    after,
    Math.max(0, limit),
  );
  return rows.map(({ count, made_at: madeAt, line }) => ({ count, madeAt, line }));
}

export async function readChain(run: Run): Promise<ChainState> {
  const { base, head } = await readHead(run);
  const last = await lastCheckpoint(run, head.seq);
  return { base, head, checkpoint: last === undefined ? null : { count: last.count, madeAt: last.made_at } };
}

/** The position of the last item. */
async function endOf(run: Run, headSeq: number): Promise<number> {
  return Math.max(positionOf(headSeq), (await lastCheckpoint(run, headSeq))?.position ?? 0);
}

/** 0 for an unknown sink, and for a cursor past the end: it gets everything. */
async function cursorsOf(run: Run, sinks: readonly string[], end: number): Promise<readonly number[]> {
  const rows = await run<{ sink: string; position: number }>(
    `SELECT sink, position FROM cursors WHERE sink = ANY($1::text[])`,
    [...sinks],
  );
  return sinks.map((sink) => {
    const position = rows.find((row) => row.sink === sink)?.position ?? 0;
    return position > end ? 0 : position;
  });
}

export async function leaseItems(run: Run, sink: string, limit: number): Promise<readonly OutboxItem[]> {
  const { head } = await readHead(run);
  const end = await endOf(run, head.seq);
  const [cursor = 0] = await cursorsOf(run, [sink], end);
  const most = Math.max(0, limit);
  const [records, checkpoints] = await Promise.all([
    readRecords(run, seqAt(cursor), most, MAX_LEASE_LENGTH),
    run<{ position: number; line: string }>(
      `SELECT position, line FROM checkpoints WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3`,
      ...[cursor, end, most],
    ),
  ]);
  const items: OutboxItem[] = [
    ...records.map(({ seq, line }) => ({ position: positionOf(seq), kind: 'record' as const, line })),
    ...checkpoints.map(({ position, line }) => ({ position, kind: 'checkpoint' as const, line })),
  ].toSorted((a, b) => a.position - b.position);
  // Behind the last record of a full page there may be records that were not read: their checkpoints come later.
  const last = records.at(-1)?.seq ?? head.seq;
  const known = last < head.seq ? lastPositionAt(last) : end;
  return takeLines(
    items.filter(({ position }) => position <= known),
    most,
    MAX_LEASE_LENGTH,
  );
}

/**
 * Moves the cursor of a sink. Runs beside the batches, in one round trip: the second statement sees what a replica that
 * acknowledges at the same time has left, and the end of the trail at least as far.
 */
export function acknowledge(run: Run, sink: string, position: number): Promise<unknown> {
  return Promise.all([
    run(`SELECT 1 FROM cursors WHERE sink = $1 FOR UPDATE`, sink),
    run(
      // Never past the last item: such a cursor would skip items that are not written yet. One that is there counts as 0.
      `WITH trail AS (
         SELECT greatest(seq * ${POSITIONS_PER_RECORD}, (SELECT position FROM checkpoints WHERE count <= seq
           AND position < (seq + 1) * ${POSITIONS_PER_RECORD} ORDER BY count DESC LIMIT 1)) AS last
         FROM head WHERE id = 1)
       INSERT INTO cursors (sink, position) SELECT $1, least($2::bigint, last) FROM trail
       ON CONFLICT (sink) DO UPDATE SET position = greatest(excluded.position,
         CASE WHEN cursors.position <= (SELECT last FROM trail) THEN cursors.position ELSE 0 END)`,
      sink,
      position,
    ),
  ]);
}

export async function readBacklog(run: Run, sinks: readonly string[]): Promise<readonly SinkBacklog[]> {
  const { base, head } = await readHead(run);
  const cursors = await cursorsOf(run, sinks, await endOf(run, head.seq));
  const backlog: SinkBacklog[] = [];
  for (const [index, sink] of sinks.entries()) {
    const taken = Math.max(base.seq, seqAt(cursors[index] ?? 0));
    const oldestAt = await readTime(run, taken + 1, { nearest: 'later', after: taken, upTo: head.seq });
    backlog.push({ sink, records: head.seq - taken, oldestAt: oldestAt === Infinity ? null : oldestAt });
  }
  return backlog;
}

/** The highest position up to which all of these sinks have acknowledged everything. */
export async function acknowledgedByAll(run: Run, sinks: readonly string[], headSeq: number): Promise<number> {
  const end = await endOf(run, headSeq);
  return Math.min(end, ...(await cursorsOf(run, sinks, end)));
}

/** Whether a cursor or a checkpoint is ahead of the trail's end: it was inserted, or records were removed. */
export async function reachesAhead(run: Run): Promise<boolean> {
  const ahead = await run(
    `SELECT 1 FROM head, cursors WHERE position / ${POSITIONS_PER_RECORD} > seq
     UNION ALL SELECT 1 FROM head, checkpoints WHERE count > seq OR position / ${POSITIONS_PER_RECORD} > seq LIMIT 1`,
  );
  return ahead.length > 0;
}
