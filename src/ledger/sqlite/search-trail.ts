import { matchesFilter } from '../../audit/search.ts';
import type { SearchFilter } from '../../audit/search.ts';
import { readStoredLine } from '../../audit/stored-record.ts';
import { MAX_SLICE_LENGTH, MAX_SLICE_RECORDS, takeLines } from '../page.ts';
import type { SearchQuery, SearchSlice, StoredRecord } from '../port.ts';
import type { ReportUnreadable } from '../report-unreadable.ts';
import type { SqlitePort } from './sqlite-port.ts';
import { lastBefore, readEnds } from './trail.ts';

/**
 * Searches a bounded part of the trail in SQLite; the caller repeats it for the next part. Binary search finds the
 * records at the bounds of the searched period, since `time` never decreases along the trail. Between them an SQL
 * condition skips records that cannot match, and `matchesFilter` decides on the others. Each call bounds the records
 * that it scans and those that it returns, and reports how far it scanned.
 */
export function searchTrail(
  sqlite: SqlitePort,
  { filter, after, limit }: SearchQuery,
  reportUnreadable: ReportUnreadable = () => undefined,
): SearchSlice {
  const { base, head } = readEnds(sqlite);
  const first = Math.max(after, base.seq);
  const last = Math.max(first, head.seq);
  const { fromMs, toMs } = filter;
  const within = { after: first, upTo: last };
  // A damaged record at either end may be from between these times, so it is looked at.
  const from = fromMs === undefined ? first : lastBefore(sqlite, fromMs, { ...within, nearest: 'later' });
  const end = toMs === undefined ? last : lastBefore(sqlite, toMs, { ...within, nearest: 'earlier' });
  const unreadable: number[] = [];
  const progress: Progress = { scannedTo: from, upTo: Math.min(from + MAX_SLICE_RECORDS, end), stopped: false };
  const onUnreadable: ReportUnreadable = (value) => {
    if (value.seq !== undefined) unreadable.push(value.seq);
    reportUnreadable(value);
  };
  const records = takeLines(matchesAlong(sqlite, { filter, progress, onUnreadable }), limit);
  // A full page ends at its last match, even when more rows were read.
  const scannedTo = progress.stopped ? progress.scannedTo : (records.at(-1)?.seq ?? from);
  return { records, scannedTo, done: scannedTo >= end, unreadable: unreadable.filter((seq) => seq <= scannedTo) };
}

interface Progress {
  scannedTo: number;
  readonly upTo: number;
  /** The scan ended by itself: at its end or at its bound. False when the page was full first. */
  stopped: boolean;
}

/** Few, because a large row is read whole before its length is known. */
const ROWS_AT_A_TIME = 8;

interface Scan {
  readonly filter: SearchFilter;
  readonly progress: Progress;
  readonly onUnreadable: ReportUnreadable;
}

function* matchesAlong(sqlite: SqlitePort, { filter, progress, onUnreadable }: Scan): Generator<StoredRecord> {
  const { condition, params } = prefilter(filter);
  for (let length = 0; progress.scannedTo < progress.upTo && length < MAX_SLICE_LENGTH;) {
    const rows = sqlite.run<{ seq: number; length: number; line: string | null }>(
      `SELECT seq, length(line) AS length, CASE WHEN ${condition} THEN line WHEN NOT ${INTACT} THEN line END AS line
       FROM records WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
      ...params,
      progress.scannedTo,
      progress.upTo,
      ROWS_AT_A_TIME,
    );
    for (const row of rows) {
      length += row.length;
      passOver(row.seq - 1);
      progress.scannedTo = row.seq;
      const { seq, line } = row;
      if (line === null) continue;
      const read = readStoredLine(line);
      if (read.kind === 'unreadable') onUnreadable({ part: 'record', seq, reason: read.reason });
      else if (matchesFilter(read.record, filter)) yield { seq, line };
    }
    if (rows.length < ROWS_AT_A_TIME) passOver(progress.upTo);
  }
  progress.stopped = true;

  /** Records that should be here, up to this one, and are not. */
  function passOver(upTo: number): void {
    while (progress.scannedTo < upTo)
      onUnreadable({ part: 'record', seq: (progress.scannedTo += 1), reason: 'missing' });
  }
}

/**
 * Whether a line that the filter skips is intact: damage may be the reason that it does not match. Only a part of the
 * shape is checked, because a full check costs too much here.
 */
const INTACT = `(json_valid(line) AND instr(line, '"result":"') > 0)`;

/**
 * The SQL condition for substrings that every matching line must contain: members in RFC 8785 form, which for strings
 * equals JSON.stringify. Addresses are ASCII, so lower() is enough. LIKE is not used, because a Durable Object accepts
 * patterns of at most 50 bytes.
 */
function prefilter(filter: SearchFilter): { condition: string; params: readonly string[] } {
  const { requestId, subject, clientId, outcome, rule, email } = filter;
  const members = { request_id: requestId, subject, client_id: clientId, result: outcome, rule };
  const exact = Object.entries(members).flatMap(([name, value]) =>
    value === undefined ? [] : [`"${name}":${JSON.stringify(value)}`],
  );
  const lowered = email === undefined ? [] : [JSON.stringify(email.toLowerCase())];
  const conditions = [...exact.map(() => `instr(line, ?) > 0`), ...lowered.map(() => `instr(lower(line), ?) > 0`)];
  return { condition: conditions.join(' AND ') || '1', params: [...exact, ...lowered] };
}
