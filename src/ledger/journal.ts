import { chainRecord, draftOf, GENESIS, verifyChain } from '../audit/chain.ts';
import type { ChainVerdict } from '../audit/chain.ts';
import type { RecordDraft } from '../audit/record.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { rfc3339 } from './annotate.ts';
import { takeRecords } from './page.ts';
import type { StoredRecord } from './port.ts';
import type { SqlitePort } from './sqlite-port.ts';

/**
 * The append-only trail in SQLite: records, the head of their chain, the sinks' cursors, and the
 * ledger's clock. The clock is the machine's, held at the latest time that was ever written: it
 * never runs backwards, also across restarts, so `time` never falls along the trail and a counter
 * that was dropped with its window cannot come back empty. A machine set back waits at that time.
 */
export interface Journal {
  /** The ledger's time, in milliseconds since the epoch. */
  now(): number;
  /** Writes down that the clock stands at `now`. Appending does so by itself. */
  holdClock(now: number): void;
  /** Chains and stores one record; returns its seq. */
  append(draft: RecordDraft, now: number): number;
  read(after: number, limit: number): readonly StoredRecord[];
  draft(seq: number): RecordDraft;
  lease(sink: string, limit: number): readonly StoredRecord[];
  ack(sink: string, seq: number): void;
}

type HeadRow = { seq: number; hash: string; clock_ms: number };

const ROWS_AT_A_TIME = 64;

export function createJournal({ sqlite, clock, ids }: { sqlite: SqlitePort; clock: Clock; ids: Ids }): Journal {
  /** Asked for a few at a time, so that a page that is full early reads no further. */
  function* recordsAfter(after: number): Generator<StoredRecord> {
    for (let cursor = after; ;) {
      const rows = sqlite.run<{ seq: number; line: string }>(
        `SELECT seq, line FROM records WHERE seq > ? ORDER BY seq LIMIT ?`,
        cursor,
        ROWS_AT_A_TIME,
      );
      for (const { seq, line } of rows) yield { seq, line };
      const last = rows.at(-1);
      if (last === undefined || rows.length < ROWS_AT_A_TIME) return;
      cursor = last.seq;
    }
  }

  const read = (after: number, limit: number): readonly StoredRecord[] => takeRecords(recordsAfter(after), limit);

  return {
    now: () => Math.max(readHead(sqlite).clock_ms, Math.trunc(clock.now())),
    holdClock(now) {
      sqlite.run(`UPDATE head SET clock_ms = ? WHERE id = 1`, now);
    },
    append(draft, now) {
      const head = readHead(sqlite);
      const seq = head.seq + 1;
      const { line, hash } = chainRecord(draft, { seq, id: ids.uuid7(), time: rfc3339(now), prev: head.hash });
      sqlite.run(`INSERT INTO records (seq, line) VALUES (?, ?)`, seq, line);
      sqlite.run(`UPDATE head SET seq = ?, hash = ?, clock_ms = ? WHERE id = 1`, seq, hash, now);
      return seq;
    },
    read,
    draft(seq) {
      const row = sqlite.run<{ line: string }>(`SELECT line FROM records WHERE seq = ?`, seq)[0];
      if (row === undefined) throw new Error(`record ${seq} is missing`);
      return draftOf(row.line);
    },
    lease(sink, limit) {
      const cursor = sqlite.run<{ seq: number }>(`SELECT seq FROM cursors WHERE sink = ?`, sink)[0];
      return read(cursor?.seq ?? 0, limit);
    },
    ack(sink, seq) {
      // Never past the head: a cursor in the future would swallow records that are not written yet.
      const upTo = Math.min(seq, readHead(sqlite).seq);
      sqlite.run(
        `INSERT INTO cursors (sink, seq) VALUES (?, ?) ON CONFLICT (sink) DO UPDATE SET seq = max(seq, excluded.seq)`,
        sink,
        upTo,
      );
    },
  };
}

/** Where the chain ends and its clock stands, as stored. */
export function readHead(sqlite: SqlitePort): HeadRow {
  const head = sqlite.run<HeadRow>(`SELECT seq, hash, clock_ms FROM head WHERE id = 1`)[0];
  if (head === undefined) throw new Error('the ledger has no head row');
  return head;
}

/** Verifies the last `count` records and that they end where the head says. For the start: its cost is bounded. */
export function verifyTail(sqlite: SqlitePort, count: number): ChainVerdict {
  const head = readHead(sqlite);
  const after = Math.max(0, head.seq - count);
  const rows = sqlite.run<{ line: string }>(`SELECT line FROM records WHERE seq > ? ORDER BY seq`, after);
  const first = rows[0];
  const prev = after === 0 ? GENESIS.hash : first === undefined ? head.hash : prevOf(first.line);
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

/** Empty when the line is no record: verifying it says so. */
function prevOf(line: string): string {
  try {
    return String((JSON.parse(line) as { prev?: unknown }).prev);
  } catch {
    return '';
  }
}
