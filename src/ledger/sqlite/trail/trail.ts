import { GENESIS, verifyChain } from '../../../audit/chain.ts';
import type { ChainHead, ChainVerdict } from '../../../audit/chain.ts';
import { POSITIONS_PER_RECORD } from '../../../audit/delivery/outbox-position.ts';
import { parseObject } from '../../../lib/parse-object.ts';
import { takeLines } from '../../page.ts';
import type { StoredRecord } from '../../port.ts';
import type { SqlitePort } from '../sqlite-port.ts';

/**
 * Reads of the trail in SQLite, for the service and for external tools that never write. The kept records run without a
 * gap from the one after `base` to `head`; older ones were dropped by retention. Reads no more rows than it needs.
 */
export interface TrailEnds {
  /** The last dropped record; the first kept one continues it. Genesis when none was dropped. */
  readonly base: ChainHead;
  readonly head: ChainHead;
  /** The last stored time of the ledger's clock, in milliseconds since the epoch; 0 in a new ledger. */
  readonly clockMs: number;
  /** That of the last witness; null when there was none. */
  readonly witnessedMs: number | null;
  /** The `time` of the last record. */
  readonly recordedMs: number;
  /** The digest that the last record with a policy names; empty when there is none. */
  readonly policyDigest: string;
  /** Up to this record, no request is open. */
  readonly openAfter: number;
}

type HeadRow = {
  seq: number;
  hash: string;
  clock_ms: number;
  base_seq?: number;
  base_hash?: string;
  witnessed_ms?: number;
  recorded_ms?: number;
  policy_digest?: string;
  open_after?: number;
};

const ROWS_AT_A_TIME = 64;

/** Where the chain begins and ends, as stored. */
export function readEnds(sqlite: SqlitePort): TrailEnds {
  // All columns: an unmigrated ledger of an earlier schema version lacks some.
  const row = sqlite.run<HeadRow>(`SELECT * FROM head WHERE id = 1`)[0];
  if (row === undefined) throw new Error('the ledger has no head row');
  return {
    base: { seq: row.base_seq ?? GENESIS.seq, hash: row.base_hash ?? GENESIS.hash },
    head: { seq: row.seq, hash: row.hash },
    clockMs: row.clock_ms,
    witnessedMs: row.witnessed_ms === undefined || row.witnessed_ms === 0 ? null : row.witnessed_ms,
    recordedMs: row.recorded_ms ?? row.clock_ms,
    policyDigest: row.policy_digest ?? '',
    openAfter: row.open_after ?? 0,
  };
}

/** Yields at most `most` records. Reads a few rows at a time, so that a page that fills early reads no further. */
export function* recordsAfter(sqlite: SqlitePort, after: number, most: number): Generator<StoredRecord> {
  for (let cursor = after, left = most; left > 0;) {
    const asked = Math.min(ROWS_AT_A_TIME, left);
    const rows = sqlite.run<{ seq: number; line: string }>(
      `SELECT seq, line FROM records WHERE seq > ? ORDER BY seq LIMIT ?`,
      cursor,
      asked,
    );
    for (const { seq, line } of rows) yield { seq, line };
    const last = rows.at(-1);
    if (last === undefined || rows.length < asked) return;
    cursor = last.seq;
    left -= rows.length;
  }
}

export function readRecords(sqlite: SqlitePort, after: number, limit: number): readonly StoredRecord[] {
  return takeLines(recordsAfter(sqlite, after, limit), limit);
}

/** One stored line; null when there is no such record. */
export function readLine(sqlite: SqlitePort, seq: number): string | null {
  return sqlite.run<{ line: string }>(`SELECT line FROM records WHERE seq = ?`, seq)[0]?.line ?? null;
}

/** The hash of a record; of a damaged one, as the next record repeats it. Null when neither can be read. */
export function readHash(sqlite: SqlitePort, seq: number): string | null {
  return memberOf(readLine(sqlite, seq), 'hash') ?? memberOf(readLine(sqlite, seq + 1), 'prev');
}

/** A damaged record has no time of its own: that of the next readable record on one side stands for it. */
export type NearestTime = 'earlier' | 'later';

const SHA256 = /^[0-9a-f]{64}$/;
/** The most damaged records in a row that are skipped to find a time. */
const MAX_SKIPPED = 64;

/**
 * When a record was written, in milliseconds since the epoch. The time of a damaged one is taken from the nearest
 * readable record on that side within (after, upTo]; where there is none, it is before or after every time.
 */
export function readTime(
  sqlite: SqlitePort,
  seq: number,
  { nearest, after, upTo }: { readonly nearest: NearestTime; readonly after: number; readonly upTo: number },
): number {
  const step = nearest === 'later' ? 1 : -1;
  for (let at = seq, left = MAX_SKIPPED; at > after && at <= upTo && left > 0; at += step, left -= 1) {
    const time = Date.parse(memberOf(readLine(sqlite, at), 'time') ?? '');
    if (!Number.isNaN(time)) return time;
  }
  return step * Infinity;
}

/**
 * The seq of the last record in (after, upTo] that is older than `atMs`; `after` when there is none. Binary search: the
 * machine's clock must not have stepped back between these records (clockSteps).
 */
export function lastBefore(
  sqlite: SqlitePort,
  atMs: number,
  { nearest, after, upTo }: { readonly nearest: NearestTime; readonly after: number; readonly upTo: number },
): number {
  let [low, high] = [after, upTo];
  while (low < high) {
    const middle = low + Math.ceil((high - low) / 2);
    if (readTime(sqlite, middle, { nearest, after, upTo }) < atMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The records in (after, upTo] whose `time` is earlier than that of the record before, at most `limit`, in order. */
export function clockSteps(sqlite: SqlitePort, after: number, upTo: number, limit: number): readonly number[] {
  return sqlite
    .run<{ seq: number }>(
      `SELECT seq FROM clock_steps WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
      after,
      upTo,
      limit,
    )
    .map(({ seq }) => seq);
}

/**
 * Whether a cursor or a checkpoint is ahead of the trail's end. The service never writes one: it was inserted, or
 * records were removed. One statement, so that the answer is consistent while a service is running.
 */
export function reachesAhead(sqlite: SqlitePort): boolean {
  const ahead = sqlite.run(
    `SELECT 1 FROM head, cursors WHERE position / ${POSITIONS_PER_RECORD} > seq
     UNION ALL SELECT 1 FROM head, checkpoints WHERE count > seq OR position / ${POSITIONS_PER_RECORD} > seq LIMIT 1`,
  );
  return ahead.length > 0;
}

/** Verifies the last `count` records, and that they end at `head`. Used at the start, so its cost is bounded. */
export function verifyTail(sqlite: SqlitePort, count: number): ChainVerdict {
  const { base, head } = readEnds(sqlite);
  const after = Math.max(base.seq, head.seq - count);
  const rows = sqlite.run<{ line: string }>(`SELECT line FROM records WHERE seq > ? ORDER BY seq`, after);
  const first = rows[0];
  // Empty when the line is no record: verifying it says so.
  const prev = after === base.seq ? base.hash : first === undefined ? head.hash : (memberOf(first.line, 'prev') ?? '');
  const verdict = verifyChain(
    rows.map((row) => row.line),
    { seq: after, hash: prev },
  );
  if (verdict.kind === 'broken') return verdict;
  if (verdict.head.seq !== head.seq)
    return { kind: 'broken', index: rows.length, seq: verdict.head.seq + 1, reason: 'out_of_sequence' };
  if (verdict.head.hash !== head.hash)
    return { kind: 'broken', index: rows.length, seq: head.seq + 1, reason: 'wrong_prev' };
  return verdict;
}

/** Throws when the end of the trail does not verify: nothing may be appended to it then. */
export function refuseBrokenTail(sqlite: SqlitePort, count: number): void {
  const verdict = verifyTail(sqlite, count);
  if (verdict.kind === 'broken')
    throw new Error(`the audit trail is broken at seq ${verdict.seq} (${verdict.reason}): nothing is appended to it`);
}

/** A text member of a stored line; null when the line is missing, damaged or without it. */
function memberOf(line: string | null, name: 'hash' | 'prev' | 'time'): string | null {
  const value = parseObject(line ?? '')?.[name];
  return typeof value === 'string' && (name === 'time' || SHA256.test(value)) ? value : null;
}
