/**
 * Reads a ledger's trail for the audit commands: its records and checkpoints as one stream, each checkpoint after the
 * last record it covers. Reads page by page and writes nothing.
 */
import { readTrailItem } from '../../audit/verify/item.ts';
import type { TrailItem } from '../../audit/verify/item.ts';
import type { TrailLine } from '../../audit/verify/verify-trail.ts';
import type { LedgerReader } from '../../platform/node/ledger/reader.ts';

export interface LedgerItem {
  readonly kind: 'record' | 'checkpoint';
  /** The seq of a record, or the count of a checkpoint. */
  readonly number: number;
  readonly line: string;
  /** When a checkpoint was made, in milliseconds since the epoch. Null for a record: its time is in its line. */
  readonly madeAt: number | null;
}

export interface LedgerCursor {
  /** The seq of the last record that was read. */
  readonly record: number;
  /** The count of the last checkpoint that was read. */
  readonly checkpoint: number;
}

type Pages = Pick<LedgerReader, 'records' | 'checkpoints'>;

const RECORDS_PER_PAGE = 1_000;
const CHECKPOINTS_PER_PAGE = 100;

/** All items after the cursor. */
export async function* readLedgerItems(reader: Pages, after: LedgerCursor): AsyncGenerator<LedgerItem> {
  const checkpoints = checkpointsAfter(reader, after.checkpoint);
  let next = await checkpoints.next();
  for await (const record of recordsAfter(reader, after.record)) {
    for (; next.done !== true && next.value.number < record.number; next = await checkpoints.next()) yield next.value;
    yield record;
  }
  for (; next.done !== true; next = await checkpoints.next()) yield next.value;
}

async function* recordsAfter(reader: Pages, after: number): AsyncGenerator<LedgerItem> {
  for (let cursor = after; ;) {
    const page = await reader.records(cursor, RECORDS_PER_PAGE);
    for (const { seq, line } of page) yield { kind: 'record', number: seq, line, madeAt: null };
    const last = page.at(-1);
    if (last === undefined) return;
    cursor = last.seq;
  }
}

async function* checkpointsAfter(reader: Pages, after: number): AsyncGenerator<LedgerItem> {
  for (let cursor = after; ;) {
    const page = await reader.checkpoints(cursor, CHECKPOINTS_PER_PAGE);
    for (const { count, madeAt, line } of page) yield { kind: 'checkpoint', number: count, line, madeAt };
    const last = page.at(-1);
    if (last === undefined) return;
    cursor = last.count;
  }
}

/** The whole trail for verification, each item with its place in the ledger. */
export async function* readLedgerTrail(reader: Pages): AsyncGenerator<TrailLine> {
  for await (const { kind, number, line } of readLedgerItems(reader, { record: 0, checkpoint: 0 })) {
    const prefix = kind === 'record' ? 'ledger seq ' : 'ledger checkpoint ';
    yield { item: storedAs(kind, readTrailItem(line)), place: { prefix, at: number }, position: number };
  }
}

/** The table that holds a line decides what the line must be, even when it cannot be read. */
function storedAs(kind: LedgerItem['kind'], item: TrailItem): TrailItem {
  if (kind === 'record' || item.kind === 'checkpoint') return item;
  return { kind: 'damaged', what: 'checkpoint', claimedSeq: null };
}
