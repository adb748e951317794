/**
 * Reads a ledger's trail for every command that needs it: its records and checkpoints as one stream, each checkpoint
 * after the last record it covers. Reads page by page through the platform's ledger reader. Writes nothing.
 */
import { readTrailItem } from '../../audit/verify/item.ts';
import type { TrailItem } from '../../audit/verify/item.ts';
import { isNewer } from '../../audit/verify/known-form.ts';
import type { TrailLine } from '../../audit/verify/verify-trail.ts';
import type { LedgerReader } from '../../ledger/ledger-reader.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Exit } from '../command-line/exit-codes.ts';

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

const PAGE = { records: 1_000, checkpoints: 100 };
/** Before every row, also before one that somebody stored under a number below 1. */
const START: LedgerCursor = { record: Number.MIN_SAFE_INTEGER, checkpoint: Number.MIN_SAFE_INTEGER };

/** All items after the cursor. */
export async function* readLedgerItems(reader: Pages, after: LedgerCursor): AsyncGenerator<LedgerItem> {
  const checkpoints = readPages(
    (cursor) => reader.checkpoints(cursor, PAGE.checkpoints),
    ({ count, madeAt, line }): LedgerItem => ({ kind: 'checkpoint', number: count, line, madeAt }),
    after.checkpoint,
  );
  let next = await checkpoints.next();
  for await (const record of readLedgerRecords(reader, after.record)) {
    for (; next.done !== true && next.value.number < record.number; next = await checkpoints.next()) yield next.value;
    yield record;
  }
  for (; next.done !== true; next = await checkpoints.next()) yield next.value;
}

/** All records after the seq. */
export function readLedgerRecords(reader: Pick<Pages, 'records'>, after: number): AsyncGenerator<LedgerItem> {
  return readPages(
    (cursor) => reader.records(cursor, PAGE.records),
    ({ seq, line }): LedgerItem => ({ kind: 'record', number: seq, line, madeAt: null }),
    after,
  );
}

async function* readPages<Row>(
  read: (after: number) => Promise<readonly Row[]>,
  itemOf: (row: Row) => LedgerItem,
  after: number,
): AsyncGenerator<LedgerItem> {
  for (let cursor = after; ;) {
    const items = (await read(cursor)).map(itemOf);
    yield* items;
    const last = items.at(-1);
    if (last === undefined) return;
    cursor = last.number;
  }
}

/** The whole trail for verification, each item with its place in the ledger. `see` gets the text of each record. */
export async function* readLedgerTrail(
  reader: Pages,
  see: (line: string) => void = () => undefined,
): AsyncGenerator<TrailLine> {
  for await (const stored of readLedgerItems(reader, START)) {
    const { kind, number, line } = stored;
    if (kind === 'record') see(line);
    const prefix = kind === 'record' ? 'ledger seq ' : 'ledger checkpoint ';
    const item = storedAs(stored, readTrailItem(line));
    yield { item, place: { prefix, at: number }, position: number, isNewer: isNewer(line) };
  }
}

/**
 * The table that holds a line decides what the line must be, even when it cannot be read. The row of a checkpoint has its
 * time, by which the next one is due.
 */
function storedAs({ kind, madeAt }: Pick<LedgerItem, 'kind' | 'madeAt'>, item: TrailItem): TrailItem {
  if (kind === 'record') return item;
  if (item.kind === 'checkpoint' && Date.parse(item.checkpoint.time) === madeAt) return item;
  return { kind: 'damaged', what: 'checkpoint', claimedSeq: null };
}

/**
 * Runs a task that reads a whole trail. A ledger at rest is read in one snapshot, which also finds out when a service
 * takes it up. Beside a running service the reads stay short: during one snapshot its log would grow until the task
 * ends.
 */
export async function readThrough<T>(reader: LedgerReader, task: () => Promise<T>): Promise<T> {
  return reader.inUse ? await task() : await reader.inSnapshot(task);
}

/** A stored item is missing, or is not as the service wrote it. */
export function unreadableItem(
  exit: Exclude<Exit, 'ok'>,
  { kind, number }: Pick<LedgerItem, 'kind' | 'number'>,
): CommandError {
  return new CommandError(exit, `${kind} ${number} of the ledger cannot be read; audit verify says more`);
}
