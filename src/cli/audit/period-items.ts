/**
 * Reads the records and checkpoints of a period from a ledger, in order. It finds the first record by binary search, and
 * then streams with at most one page in memory. A missing or unreadable record ends it with a CommandError.
 */
import { parseObject } from '../../lib/parse-object.ts';
import type { LedgerReader } from '../../ledger/ledger-reader.ts';
import { readLedgerItems, unreadableItem } from '../ledger/read-trail.ts';
import type { LedgerItem } from '../ledger/read-trail.ts';
import type { Period } from './period.ts';

/** By stretches in which time does not fall: where the clock was set back, records of the period may come behind later ones. */
export async function* itemsInPeriod(reader: LedgerReader, period: Period): AsyncGenerator<LedgerItem> {
  const { base, head } = await reader.chain();
  let checkpoint = 0;
  for await (const stretch of stretchesOf(reader, { after: base.seq, upTo: head.seq })) {
    const isLast = stretch.upTo === head.seq;
    for await (const item of itemsAlong(reader, period, { ...stretch, checkpoint, isLast })) {
      if (item.kind === 'checkpoint') checkpoint = item.number;
      yield item;
    }
  }
}

/** The records in (after, upTo]. */
interface Stretch {
  readonly after: number;
  readonly upTo: number;
}

async function* stretchesOf(
  reader: Pick<LedgerReader, 'clockSteps'>,
  { after, upTo }: Stretch,
): AsyncGenerator<Stretch> {
  for (let begin = after; ;) {
    const [step] = await reader.clockSteps(begin + 1, upTo, 1);
    yield { after: begin, upTo: step === undefined ? upTo : step - 1 };
    if (step === undefined) return;
    begin = step - 1;
  }
}

/** `checkpoint`: the last one before. What came after the last stretch was read is part of it. */
async function* itemsAlong(
  reader: LedgerReader,
  { fromMs, toMs }: Period,
  { after, upTo, checkpoint, isLast }: Stretch & { readonly checkpoint: number; readonly isLast: boolean },
): AsyncGenerator<LedgerItem> {
  const first = await firstAt(reader, fromMs, { after, upTo });
  let expected = first;
  for await (const item of readLedgerItems(reader, { record: first - 1, checkpoint })) {
    if (item.kind === 'checkpoint') {
      if (item.madeAt !== null && item.madeAt >= fromMs && item.madeAt < toMs) yield item;
      continue;
    }
    if (!isLast && item.number > upTo) return;
    // A missing record was deleted: by somebody, or by retention during this export.
    if (item.number !== expected) throw unreadableItem('failed', { kind: 'record', number: expected });
    if (timeOf(item) >= toMs) return;
    yield item;
    expected += 1;
  }
}

/** The seq of the first record at or after `atMs`; `upTo + 1` when there is none. Time does not fall between them. */
async function firstAt(
  reader: Pick<LedgerReader, 'records'>,
  atMs: number,
  { after, upTo }: { readonly after: number; readonly upTo: number },
): Promise<number> {
  let [low, high] = [after + 1, upTo + 1];
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const [record] = await reader.records(middle - 1, 1);
    if (record?.seq !== middle) throw unreadableItem('failed', { kind: 'record', number: middle });
    if (timeOf({ kind: 'record', number: middle, line: record.line, madeAt: null }) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function timeOf(item: LedgerItem): number {
  const at = Date.parse(String(parseObject(item.line)?.['time']));
  if (Number.isNaN(at)) throw unreadableItem('failed', item);
  return at;
}
