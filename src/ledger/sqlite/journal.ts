import { chainRecord } from '../../audit/chain.ts';
import type { RecordDraft } from '../../audit/record.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Ids } from '../../ports/ids.ts';
import { rfc3339 } from '../record-annotations.ts';
import type { SqlitePort } from './sqlite-port.ts';
import { readEnds } from './trail.ts';

/**
 * The end of the trail, where records are appended, and the ledger's clock. The clock is the
 * machine's, held at the latest time that was ever written: it never runs backwards, also across
 * restarts, so `time` never falls along the trail and a counter that was dropped with its window
 * cannot come back empty. A machine set back waits at that time.
 */
export interface Journal {
  /** The ledger's time, in milliseconds since the epoch. */
  now(): number;
  /** Writes down that the clock stands at `now`. Appending does so by itself. */
  holdClock(now: number): void;
  /** Chains and stores one record, and looks that it is there; returns its seq. */
  append(draft: RecordDraft, now: number): number;
}

export function createJournal({ sqlite, clock, ids }: { sqlite: SqlitePort; clock: Clock; ids: Ids }): Journal {
  return {
    now: () => Math.max(readEnds(sqlite).clockMs, Math.trunc(clock.now())),
    holdClock(now) {
      sqlite.run(`UPDATE head SET clock_ms = ? WHERE id = 1`, now);
    },
    append(draft, now) {
      const { head } = readEnds(sqlite);
      const seq = head.seq + 1;
      const { line, hash } = chainRecord(draft, { seq, id: ids.uuid7(), time: rfc3339(now), prev: head.hash });
      sqlite.run(`INSERT INTO records (seq, line) VALUES (?, ?)`, seq, line);
      sqlite.run(`UPDATE head SET seq = ?, hash = ?, clock_ms = ? WHERE id = 1`, seq, hash, now);
      readBack(sqlite, { seq, hash, line });
      return seq;
    },
  };
}

/**
 * Throws, so that the whole step is undone, when the record and the head are not as they were written: a trigger that came
 * into the database could have taken them back, and what follows would go out without a record.
 */
function readBack(sqlite: SqlitePort, { seq, hash, line }: { seq: number; hash: string; line: string }): void {
  const found = sqlite.run(
    `SELECT 1 FROM head JOIN records ON records.seq = head.seq WHERE head.id = 1 AND head.seq = ? AND head.hash = ? AND line = ?`,
    seq,
    hash,
    line,
  );
  if (found.length === 0) throw new Error('the record is not in the trail as it was written');
}
