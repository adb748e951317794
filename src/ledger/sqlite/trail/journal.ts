import { chainRecord } from '../../../audit/chain.ts';
import type { AnyDraft } from '../../../audit/record.ts';
import { rfc3339 } from '../../../lib/rfc3339.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Ids } from '../../../ports/ids.ts';
import type { Sha256 } from '../../../ports/sha256.ts';
import type { SqlitePort } from '../sqlite-port.ts';
import { notePolicies } from '../policies.ts';
import { readEnds } from './trail.ts';

/**
 * Appends records to the trail. The `time` of a record is the machine's clock, and its `seq` is the order. Where the
 * machine's clock was set back, `time` is earlier than that of the record before; such records are listed in
 * `clock_steps`, because a search by time relies on it.
 */
export interface Journal {
  /** Chains and stores one record, reads it back, and returns its seq. */
  append(draft: AnyDraft): number;
}

export function createJournal({
  sqlite,
  clock,
  ids,
  sha256,
}: {
  sqlite: SqlitePort;
  clock: Clock;
  ids: Ids;
  sha256: Sha256;
}): Journal {
  return {
    append(draft) {
      const { head, recordedMs, policyDigest } = readEnds(sqlite);
      const timeMs = Math.trunc(clock.now());
      const seq = head.seq + 1;
      const { line, hash } = chainRecord(
        draft,
        { seq, id: ids.uuid7(), time: rfc3339(timeMs), prev: head.hash },
        sha256,
      );
      sqlite.run(`INSERT INTO records (seq, line) VALUES (?, ?)`, seq, line);
      sqlite.run(`UPDATE head SET seq = ?, hash = ?, recorded_ms = ? WHERE id = 1`, seq, hash, timeMs);
      notePolicies(sqlite, { draft, seq, policyDigest });
      if (timeMs < recordedMs) sqlite.run(`INSERT INTO clock_steps (seq) VALUES (?)`, seq);
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
