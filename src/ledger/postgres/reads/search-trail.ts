import { matchesFilter } from '../../../audit/search.ts';
import type { SearchFilter } from '../../../audit/search.ts';
import { readStoredLine } from '../../../audit/stored-record.ts';
import { MAX_SLICE_LENGTH, MAX_SLICE_RECORDS, takeLines } from '../../page.ts';
import type { StoredRecord } from '../../port.ts';
import type { ReportUnreadable } from '../../report-unreadable.ts';
import type { SearchQuery, SearchSlice } from '../../search-slice.ts';
import { readHead } from '../head.ts';
import type { Run } from '../postgres-port.ts';
import { lastBefore } from './read-trail.ts';

/**
 * Searches a bounded part of the trail; the caller repeats it for the next part. Binary search finds the records at the
 * bounds of the searched period, in each stretch of the trail in which `time` does not decrease. `matchesFilter` decides
 * on the records between them.
 */
export async function searchTrail(
  run: Run,
  { filter, after, limit }: SearchQuery,
  reportUnreadable: ReportUnreadable,
): Promise<SearchSlice> {
  const { base, head } = await readHead(run);
  const first = Math.max(after, base.seq);
  const slice: Slice = { scannedTo: first, scanned: 0, length: 0, matches: [], unreadable: [] };
  const upTo = Math.max(first, head.seq);
  const isByTime = filter.fromMs !== undefined || filter.toMs !== undefined;
  let isDone = true;
  let visited = 0;
  for (let begin = first; begin < upTo;) {
    visited += 1;
    const end = isByTime ? await endOfStretch(run, begin, upTo) : upTo;
    const part = await withinTimes(run, filter, { after: begin, upTo: end });
    if (visited > MAX_SLICE_STRETCHES || !(await scan(run, filter, part, slice, reportUnreadable))) {
      isDone = false;
      if (slice.scannedTo < begin) slice.scannedTo = begin;
      break;
    }
    if (part.upTo > begin) slice.scannedTo = part.upTo;
    begin = end;
  }
  const records = takeLines(slice.matches, limit);
  // A full page ends at its last match, even when more rows were read.
  const isFull = records.length < slice.matches.length;
  const scannedTo = isFull ? (records.at(-1)?.seq ?? first) : slice.scannedTo;
  return {
    records,
    scannedTo,
    done: isDone && !isFull,
    unreadable: slice.unreadable.filter((seq) => seq <= scannedTo),
  };
}

/** The records in (after, upTo]. */
interface Stretch {
  readonly after: number;
  readonly upTo: number;
}

interface Slice {
  scannedTo: number;
  scanned: number;
  /** Of the lines that were read. */
  length: number;
  readonly matches: StoredRecord[];
  readonly unreadable: number[];
}

const ROWS_AT_A_TIME = 32;
/** Each stretch costs two binary searches. */
const MAX_SLICE_STRETCHES = 32;

/** The machine's clock stepped back at the record behind it. */
async function endOfStretch(run: Run, begin: number, upTo: number): Promise<number> {
  const [step] = await run<{ seq: number }>(
    `SELECT seq FROM clock_steps WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT 1`,
    begin + 1,
    upTo,
  );
  return step === undefined ? upTo : step.seq - 1;
}

/** The part of a stretch that the filter's times allow. A damaged record at either end may be from between them. */
async function withinTimes(run: Run, { fromMs, toMs }: SearchFilter, stretch: Stretch): Promise<Stretch> {
  return {
    after: fromMs === undefined ? stretch.after : await lastBefore(run, fromMs, { ...stretch, nearest: 'later' }),
    upTo: toMs === undefined ? stretch.upTo : await lastBefore(run, toMs, { ...stretch, nearest: 'earlier' }),
  };
}

/** False: the slice has reached its bound before the end of the stretch. */
async function scan(
  run: Run,
  filter: SearchFilter,
  { after, upTo }: Stretch,
  slice: Slice,
  reportUnreadable: ReportUnreadable,
): Promise<boolean> {
  for (let cursor = after; cursor < upTo;) {
    if (slice.scanned >= MAX_SLICE_RECORDS || slice.length >= MAX_SLICE_LENGTH) return false;
    const rows = await run<{ seq: number; line: string }>(
      `SELECT seq, line FROM records WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3`,
      cursor,
      upTo,
      Math.min(ROWS_AT_A_TIME, MAX_SLICE_RECORDS - slice.scanned),
    );
    for (const { seq, line } of rows) {
      missing(cursor, seq - 1);
      slice.scanned += seq - cursor;
      slice.length += line.length;
      cursor = seq;
      slice.scannedTo = seq;
      const read = readStoredLine(line);
      if (read.kind === 'unreadable') {
        slice.unreadable.push(seq);
        reportUnreadable({ part: 'record', seq, reason: read.reason });
      } else if (matchesFilter(read.record, filter)) slice.matches.push({ seq, line });
    }
    if (rows.length === 0) {
      missing(cursor, upTo);
      cursor = upTo;
    }
  }
  return true;

  /** Records in (from, to] should be here and are not. */
  function missing(from: number, to: number): void {
    for (let seq = from + 1; seq <= to; seq += 1) {
      slice.unreadable.push(seq);
      reportUnreadable({ part: 'record', seq, reason: 'missing' });
    }
  }
}
