import { chainRecord } from '../../audit/chain.ts';
import type { RecordDraft } from '../../audit/record.ts';
import { rfc3339 } from '../../lib/rfc3339.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Ids } from '../../ports/ids.ts';
import type { SqlitePort } from './sqlite-port.ts';
import { readEnds } from './trail.ts';

/**
 * Appends records to the trail, and holds the ledger's clock. The clock is the machine's clock, but never earlier than
 * the latest time that was written: it does not run backwards, also across restarts. Therefore `time` never decreases
 * along the trail, and a quota window that was dropped cannot open again with an empty counter. When the machine's
 * clock is set back, the ledger's clock waits at the latest written time.
 */
export interface Journal {
  /** The ledger's time, in milliseconds since the epoch. */
  now(): number;
  /** Stores `now` as the latest written time. `append` does this too. */
  holdClock(now: number): void;
  /** Chains and stores one record, reads it back, and returns its seq. */
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
 * Throws when the stored record or the head differs from what was written, so that the whole step is rolled back. A
 * trigger that someone added to the database could have reverted them, and the invite would be sent without a record.
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
