import type { Findings, Place } from '../findings.ts';
import type { RecordItem } from '../item.ts';
import { createLastChanges } from './last-changes.ts';
import { createRequestRows } from './request-rows.ts';
import type { RequestTable } from './request-rows.ts';

/**
 * Compares what a ledger keeps beside its trail with the records: requests and keys (request-rows.ts), the list of
 * steps of the machine's clock, the list of last changes (last-changes.ts), the checkpoints' positions in the outbox,
 * the sinks' cursors, and the indexes. The hash chain covers none of these, and the service works with them. What the
 * records do not hold cannot be compared: stored answers but for their status, quota counters, times of the ledger's
 * clock, and a cursor within the trail.
 */
export interface LedgerTables {
  readonly requests: RequestTable;
  /** The last record that each sink has acknowledged. */
  cursors(): Promise<readonly { readonly sink: string; readonly seq: number }[]>;
  /** Whether this record is in the list of those that are earlier than the record before. Null: there is no list. */
  isClockStep(seq: number): Promise<boolean | null>;
  /** The counts of checkpoints with a position in the outbox that the service never gives. */
  misplacedCheckpoints(): Promise<readonly number[]>;
  /** The last value on record by subject, as the ledger remembers it. Null: there is no list. */
  lastChanges(): Promise<ReadonlyMap<string, string | null> | null>;
  /** Whether every row can be found through every index of its table. */
  areIndexesSound(): Promise<boolean>;
}

export interface TableComparison {
  record(record: RecordItem, at: { readonly place: Place; readonly isNewer: boolean }): Promise<void>;
  /** The record is in order, directly behind the one before, and earlier than it. */
  stepBack(seq: number, place: Place): Promise<void>;
  /** Adds the findings. Called after those about the trail. */
  end(facts: TableFacts): Promise<void>;
}

export interface TableFacts {
  /** The ledger as a place. */
  readonly place: string;
  /** The end of the trail as a place. */
  readonly headPlace: string;
  /** The last record that retention dropped; 0 when it dropped none. */
  readonly base: number;
  /** The last record, or the last one that the head names. */
  readonly last: number;
  /** The record was read. */
  readonly isSeen: (seq: number) => boolean;
  /** A part of the trail is newer than this program: what the records prove in all is not known. */
  readonly hasNewerLines: boolean;
}

export function createTableComparison(tables: LedgerTables, findings: Findings): TableComparison {
  const rows = createRequestRows(tables.requests, findings);
  const changes = createLastChanges(findings);
  return {
    async record(record, at) {
      changes.record(record, at.place);
      await rows.record(record, at);
    },
    async stepBack(seq, place) {
      if ((await tables.isClockStep(seq)) === false) findings.add({ kind: 'clock_step_missing', seq, place });
    },
    async end({ place, headPlace, base, last, isSeen, hasNewerLines }) {
      for (const { sink, seq } of await tables.cursors()) {
        if (seq > last)
          findings.add({ kind: 'cursor_beyond_end', seq: last + 1, to: seq, place: headPlace, against: sink });
      }
      for (const count of await tables.misplacedCheckpoints()) {
        findings.add({ kind: 'checkpoint_undeliverable', seq: count, place: `ledger checkpoint ${count}` });
      }
      if (!(await tables.areIndexesSound())) findings.add({ kind: 'index_refuted', seq: null, place });
      // Another fault, or a newer record, may explain a value that no record here has.
      if (findings.total === 0 && !hasNewerLines)
        changes.end(await tables.lastChanges(), { place, isWhole: base === 0 });
      await rows.end({ place, hasNewerLines, isHole: (seq) => seq <= last && !isSeen(seq) });
    },
  };
}
