import type { AppendedRecords } from '../../../audit/checkpoint/appended-records.ts';
import { chainRecord } from '../../../audit/chain.ts';
import type { ChainHead } from '../../../audit/chain.ts';
import type { AnyDraft } from '../../../audit/record.ts';
import { rfc3339 } from '../../../lib/rfc3339.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Ids } from '../../../ports/ids.ts';
import type { Sha256 } from '../../../ports/sha256.ts';
import type { LedgerClock } from '../ledger-clock.ts';
import type { SqlitePort } from '../sqlite-port.ts';
import { notePolicies, useUntil } from '../policies.ts';
import { readEnds } from './trail.ts';
import type { TrailEnds } from './trail.ts';

/**
 * Appends records to the trail. The `time` of a record is the machine's clock, and its `seq` is the order. Where the
 * machine's clock was set back, `time` is earlier than that of the record before; such records are listed in
 * `clock_steps`, because a search by time relies on it. The steps of a batch share one reading and one writing of the
 * head row, which has the end of the chain and the ledger's time; the records are read back with it. Invariant: between
 * batches the head row is current, and a batch that throws is rolled back by its transaction.
 */
export interface Journal {
  /** Runs writing steps, inside `sqlite.transaction`. Within a batch it only runs them. */
  batch<T>(steps: () => T): T;
  /** The ledger's time in this batch, in whole milliseconds since the epoch. */
  now(): number;
  /** Chains and stores one record, and returns its seq. `decides`: the request that has a row with this record. */
  append(draft: AnyDraft, decides?: { readonly owner: number; readonly requestId: string }): number;
  /** The seq of the record that is appended next. */
  nextSeq(): number;
  /** Writes the head row now, for a step that reads it. */
  writeHead(): void;
}

/** Something that the steps of a batch share. */
export interface BatchSharer {
  begin(stored: TrailEnds): void;
  /** Writes what is shared, inside the transaction. */
  write(): void;
  /** After the last step, also where one has failed. Whether the batch is committed is not known yet. */
  end(): void;
}

export interface JournalDeps {
  readonly sqlite: SqlitePort;
  /** The machine's. */
  readonly clock: Clock;
  readonly time: Pick<LedgerClock, 'timeForWrite'>;
  readonly ids: Ids;
  readonly sha256: Sha256;
  /** Gets every record with its text. */
  readonly appended?: Pick<AppendedRecords, 'note'> | undefined;
  readonly sharer?: BatchSharer;
  /** Up to which record no request is open when the trail ends here; without it, the stored answer stays. */
  readonly openAfter?: (head: ChainHead) => number;
}

interface Batch {
  readonly stored: TrailEnds;
  head: ChainHead;
  recordedMs: number;
  policyDigest: string;
  /** The ledger's time, from the first step that asks for it. */
  time: { readonly nowMs: number; readonly witnessedMs: number } | null;
  isTimeWritten: boolean;
  /** The records that were not read back yet. */
  lines: { readonly seq: number; readonly line: string }[];
}

export function createJournal({ sqlite, clock, time, ids, sha256, appended, sharer, openAfter }: JournalDeps): Journal {
  let batch: Batch | null = null;
  const usePolicy = (digest: string, seq: number): void => useUntil(sqlite, digest, seq);

  function open(): Batch {
    const stored = readEnds(sqlite);
    const { head, recordedMs, policyDigest } = stored;
    return { stored, head, recordedMs, policyDigest, time: null, isTimeWritten: false, lines: [] };
  }

  function current(): Batch {
    if (batch === null) throw new Error('there is no batch of the journal');
    return batch;
  }

  function writeHead(): void {
    const { stored, head, recordedMs, policyDigest, time: taken, isTimeWritten, lines } = current();
    if (lines.length === 0 && (taken === null || isTimeWritten)) return;
    sqlite.run(
      `UPDATE head SET seq = ?, hash = ?, recorded_ms = ?, policy_digest = ?, open_after = ?,
         clock_ms = max(clock_ms, ?), witnessed_ms = max(witnessed_ms, ?) WHERE id = 1`,
      ...[
        head.seq,
        head.hash,
        recordedMs,
        policyDigest,
        openAfter?.(head) ?? stored.openAfter,
        taken?.nowMs ?? 0,
        taken?.witnessedMs ?? 0,
      ],
    );
    if (lines.length > 0) readBack(sqlite, head, lines);
    current().isTimeWritten = taken !== null;
    current().lines = [];
  }

  return {
    batch(steps) {
      if (batch !== null) return steps();
      batch = open();
      sharer?.begin(batch.stored);
      try {
        const result = steps();
        sharer?.write();
        writeHead();
        return result;
      } finally {
        sharer?.end();
        batch = null;
      }
    },
    now() {
      const at = current();
      at.time ??= time.timeForWrite(at.stored);
      return at.time.nowMs;
    },
    nextSeq: () => current().head.seq + 1,
    append(draft, decides) {
      const at = current();
      const timeMs = Math.trunc(clock.now());
      const seq = at.head.seq + 1;
      const place = { seq, id: ids.uuid7(), time: rfc3339(timeMs), prev: at.head.hash };
      const { line, hash } = chainRecord(draft, place, sha256);
      sqlite.run(
        `INSERT INTO records (seq, line, owner, request_id) VALUES (?, ?, ?, ?)`,
        ...[seq, line, decides?.owner ?? null, decides?.requestId ?? null],
      );
      at.policyDigest = notePolicies(usePolicy, { draft, seq, policyDigest: at.policyDigest });
      if (timeMs < at.recordedMs) sqlite.run(`INSERT INTO clock_steps (seq) VALUES (?)`, seq);
      appended?.note(line, { seq, hash, prev: place.prev });
      at.head = { seq, hash };
      at.recordedMs = timeMs;
      at.lines.push({ seq, line });
      return seq;
    },
    writeHead,
  };
}

/**
 * Throws when the stored records or the head differ from what was written, so that all steps of the batch are rolled
 * back. A trigger that someone added to the database could have reverted them, and an invite would be sent without a
 * record.
 */
function readBack(sqlite: SqlitePort, head: ChainHead, lines: Batch['lines']): void {
  const ends = sqlite.run<{ seq: number; hash: string }>(`SELECT seq, hash FROM head WHERE id = 1`)[0];
  const first = lines[0]?.seq ?? head.seq;
  const stored = sqlite.run<{ line: string }>(`SELECT line FROM records WHERE seq >= ? ORDER BY seq`, first);
  const isWhole =
    ends?.seq === head.seq &&
    ends.hash === head.hash &&
    stored.length === lines.length &&
    lines.every(({ line }, index) => stored[index]?.line === line);
  if (!isWhole) throw new Error('the record is not in the trail as it was written');
}
