import { matchesFilter } from '../../../audit/search.ts';
import type { SearchFilter } from '../../../audit/search.ts';
import { readStoredLine } from '../../../audit/stored-record.ts';
import { MAX_SLICE_LENGTH, MAX_SLICE_RECORDS, takeLines } from '../../page.ts';
import type { StoredRecord } from '../../port.ts';
import type { ReportUnreadable } from '../../report-unreadable.ts';
import type { SearchQuery, SearchSlice } from '../../search-slice.ts';
import type { SqlitePort } from '../sqlite-port.ts';
import { clockSteps, lastBefore, readEnds } from './trail.ts';

/**
 * Searches a bounded part of the trail in SQLite; the caller repeats it for the next part. Binary search finds the
 * records at the bounds of the searched period, in each stretch of the trail in which `time` does not decrease. Between
 * them an SQL condition skips records that cannot match, and `matchesFilter` decides on the others. Each call bounds
 * the records that it scans and those that it returns, and reports how far it scanned.
 */
export function searchTrail(
  sqlite: SqlitePort,
  { filter, after, limit }: SearchQuery,
  { reportUnreadable = () => undefined, hasSteps = true }: SearchOptions = {},
): SearchSlice {
  const { base, head } = readEnds(sqlite);
  const first = Math.max(after, base.seq);
  const trail = { after: first, upTo: Math.max(first, head.seq) };
  const isByTime = filter.fromMs !== undefined || filter.toMs !== undefined;
  const stretches = isByTime && hasSteps ? stretchesOf(sqlite, trail) : [trail];
  const unreadable: number[] = [];
  const progress: Progress = { scannedTo: first, stopped: null };
  const onUnreadable: ReportUnreadable = (value) => {
    if (value.seq !== undefined) unreadable.push(value.seq);
    reportUnreadable(value);
  };
  const records = takeLines(matchesAlong(sqlite, { filter, stretches, progress, onUnreadable }), limit);
  // A full page ends at its last match, even when more rows were read.
  const scannedTo = progress.stopped === null ? (records.at(-1)?.seq ?? first) : progress.scannedTo;
  const isDone = progress.stopped === 'at_end';
  return { records, scannedTo, done: isDone, unreadable: unreadable.filter((seq) => seq <= scannedTo) };
}

export interface SearchOptions {
  readonly reportUnreadable?: ReportUnreadable;
  /** False for a ledger of an earlier schema version, in which `time` never decreases. */
  readonly hasSteps?: boolean;
}

/** The records in (after, upTo]. */
interface Stretch {
  readonly after: number;
  readonly upTo: number;
}

interface Progress {
  scannedTo: number;
  /** How the scan ended by itself. Null: the page was full first. */
  stopped: 'at_end' | 'at_bound' | null;
}

/** Few, because a large row is read whole before its length is known. */
const ROWS_AT_A_TIME = 8;
/** Each stretch costs two binary searches. */
const MAX_SLICE_STRETCHES = 32;

/** The stretches of the trail in which the machine's clock did not step back, in order. */
function* stretchesOf(sqlite: SqlitePort, { after, upTo }: Stretch): Generator<Stretch> {
  for (let begin = after; begin < upTo;) {
    const [step] = clockSteps(sqlite, begin + 1, upTo, 1);
    const end = step === undefined ? upTo : step - 1;
    yield { after: begin, upTo: end };
    begin = end;
  }
}

/** The part of a stretch that the filter's times allow. A damaged record at either end may be from between them. */
function withinTimes(sqlite: SqlitePort, { fromMs, toMs }: SearchFilter, stretch: Stretch): Stretch {
  return {
    after: fromMs === undefined ? stretch.after : lastBefore(sqlite, fromMs, { ...stretch, nearest: 'later' }),
    upTo: toMs === undefined ? stretch.upTo : lastBefore(sqlite, toMs, { ...stretch, nearest: 'earlier' }),
  };
}

interface Scan {
  readonly filter: SearchFilter;
  readonly stretches: Iterable<Stretch>;
  readonly progress: Progress;
  readonly onUnreadable: ReportUnreadable;
}

function* matchesAlong(
  sqlite: SqlitePort,
  { filter, stretches, progress, onUnreadable }: Scan,
): Generator<StoredRecord> {
  const { condition, params } = prefilter(filter);
  let [visited, scanned, length] = [0, 0, 0];
  for (const stretch of stretches) {
    visited += 1;
    if (visited > MAX_SLICE_STRETCHES) return stopAtBound(stretch.after);
    const { after, upTo } = withinTimes(sqlite, filter, stretch);
    for (let cursor = after; cursor < upTo;) {
      if (scanned >= MAX_SLICE_RECORDS || length >= MAX_SLICE_LENGTH) return stopAtBound(progress.scannedTo);
      const rows = sqlite.run<{ seq: number; length: number; line: string | null }>(
        `SELECT seq, length(line) AS length, CASE WHEN ${condition} THEN line WHEN NOT ${INTACT} THEN line END AS line
         FROM records WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
        ...params,
        cursor,
        upTo,
        Math.min(ROWS_AT_A_TIME, MAX_SLICE_RECORDS - scanned),
      );
      for (const row of rows) {
        length += row.length;
        missing(cursor, row.seq - 1);
        scanned += row.seq - cursor;
        cursor = row.seq;
        progress.scannedTo = row.seq;
        const { seq, line } = row;
        if (line === null) continue;
        const read = readStoredLine(line);
        if (read.kind === 'unreadable') onUnreadable({ part: 'record', seq, reason: read.reason });
        else if (matchesFilter(read.record, filter)) yield { seq, line };
      }
      if (rows.length === 0) {
        missing(cursor, upTo);
        cursor = upTo;
      }
    }
    if (upTo > stretch.after) progress.scannedTo = upTo;
  }
  progress.stopped = 'at_end';

  function stopAtBound(scannedTo: number): void {
    progress.scannedTo = scannedTo;
    progress.stopped = 'at_bound';
  }

  /** Records in (from, to] should be here and are not. */
  function missing(from: number, to: number): void {
    for (let seq = from + 1; seq <= to; seq += 1) onUnreadable({ part: 'record', seq, reason: 'missing' });
  }
}

/**
 * Whether a line that the filter skips is intact: damage may be the reason that it does not match. Only a part of the
 * shape is checked, because a full check costs too much here.
 */
const INTACT = `(json_valid(line) AND (instr(line, '"result":"') > 0 OR instr(line, '"kind":"change"') > 0 OR instr(line, '"kind":"read"') > 0))`;

/**
 * The SQL condition for substrings that every matching line must contain: members in RFC 8785 form, which for strings
 * equals JSON.stringify. Addresses are ASCII, so lower() is enough. LIKE is not used, because a Durable Object accepts
 * patterns of at most 50 bytes.
 */
function prefilter(filter: SearchFilter): { condition: string; params: readonly string[] } {
  const { requestId, traceId, subject, clientId, kind, outcome, rule, email } = filter;
  const members = {
    request_id: requestId,
    trace_id: traceId,
    subject,
    client_id: clientId,
    kind,
    result: outcome,
    rule,
  };
  const exact = Object.entries(members).flatMap(([name, value]) =>
    value === undefined ? [] : [`"${name}":${JSON.stringify(value)}`],
  );
  const lowered = email === undefined ? [] : [JSON.stringify(email.toLowerCase())];
  const conditions = [...exact.map(() => `instr(line, ?) > 0`), ...lowered.map(() => `instr(lower(line), ?) > 0`)];
  return { condition: conditions.join(' AND ') || '1', params: [...exact, ...lowered] };
}
