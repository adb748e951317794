/**
 * Finds the records about a request besides those that its row names: earlier outcomes, checks of an unknown outcome, and
 * replays of its answer. The table `further_records` is an index and proves nothing: `audit show` reads the trail itself,
 * and readers check that each line is about the request. Reads are bounded, because a caller may repeat a request for days.
 */
import { MAX_FURTHER_RECORDS, MAX_SHOWN_REPLAYS, takeLines } from '../../page.ts';
import type { FoundRequest, StoredRecord } from '../../port.ts';
import type { SqlitePort } from '../sqlite-port.ts';
import { readLine } from '../trail/trail.ts';
import type { StoredRow } from './request-reader.ts';

export type FurtherRecord = 'replay' | 'other';

export type NoteFurther = (requestId: string, seq: number, kind: FurtherRecord) => void;

export function noteFurther(sqlite: SqlitePort, requestId: string, seq: number, kind: FurtherRecord): void {
  sqlite.run(
    `INSERT OR IGNORE INTO further_records (request_id, is_replay, seq) VALUES (?, ?, ?)`,
    requestId,
    kind === 'replay' ? 1 : 0,
    seq,
  );
}

/** Called before the row of the request gets another outcome. */
export function noteEarlierOutcome(
  sqlite: SqlitePort,
  { owner, requestId }: { readonly owner: number; readonly requestId: string },
): void {
  sqlite.run(
    `INSERT OR IGNORE INTO further_records (request_id, is_replay, seq)
     SELECT request_id, 0, outcome_seq FROM requests WHERE owner = ? AND request_id = ? AND outcome_seq IS NOT NULL`,
    owner,
    requestId,
  );
}

/** Called for each request that is dropped. */
export function dropFurther(sqlite: SqlitePort, requestId: string): void {
  sqlite.run(`DELETE FROM further_records WHERE request_id = ?`, requestId);
}

export function listsFurther(sqlite: SqlitePort, requestId: string, seq: number, kind: FurtherRecord): boolean {
  const found = sqlite.run(
    `SELECT 1 FROM further_records WHERE request_id = ? AND is_replay = ? AND seq = ?`,
    requestId,
    kind === 'replay' ? 1 : 0,
    seq,
  );
  return found.length > 0;
}

/** The lines in order of seq. A record that is missing has an empty line. */
export function readHistory(
  sqlite: SqlitePort,
  { request_id: id, decided_seq: decided, outcome_seq: outcome }: StoredRow,
): Pick<FoundRequest, 'records' | 'replaysLeftOut'> {
  const others = seqsOf(sqlite, id, 'other', MAX_FURTHER_RECORDS);
  const seqs = new Set([decided, ...others, ...(outcome === null ? [] : [outcome])]);
  const replays = takeLines(
    Iterator.from(seqsOf(sqlite, id, 'replay', MAX_SHOWN_REPLAYS)).map((seq) => lineAt(sqlite, seq)),
    MAX_SHOWN_REPLAYS,
  );
  const [all] = sqlite.run<{ replays: number }>(
    `SELECT count(*) AS replays FROM further_records WHERE request_id = ? AND is_replay = 1`,
    id,
  );
  return {
    records: [...[...seqs].map((seq) => lineAt(sqlite, seq)), ...replays].toSorted((a, b) => a.seq - b.seq),
    replaysLeftOut: (all?.replays ?? 0) - replays.length,
  };
}

/** The newest first. */
function seqsOf(sqlite: SqlitePort, requestId: string, kind: FurtherRecord, limit: number): number[] {
  return sqlite
    .run<{ seq: number }>(
      `SELECT seq FROM further_records WHERE request_id = ? AND is_replay = ? ORDER BY seq DESC LIMIT ?`,
      requestId,
      kind === 'replay' ? 1 : 0,
      limit,
    )
    .map(({ seq }) => seq);
}

function lineAt(sqlite: SqlitePort, seq: number): StoredRecord {
  return { seq, line: readLine(sqlite, seq) ?? '' };
}
