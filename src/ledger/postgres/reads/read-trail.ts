import { parseObject } from '../../../lib/parse-object.ts';
import { MAX_PAGE_LENGTH, takeLines } from '../../page.ts';
import type { StoredRecord } from '../../port.ts';
import type { Run } from '../postgres-port.ts';

/** Reads of the trail. Each function runs in a transaction of its caller. */

const ROWS_AT_A_TIME = 64;

/** A few rows at a time, so that a page that fills early reads no further. */
export async function readRecords(
  run: Run,
  after: number,
  limit: number,
  maxLength = MAX_PAGE_LENGTH,
): Promise<readonly StoredRecord[]> {
  const found: StoredRecord[] = [];
  for (let cursor = after; ;) {
    const rows = await readRows(run, cursor, Math.min(ROWS_AT_A_TIME, Math.max(0, limit) - found.length));
    found.push(...rows);
    const page = takeLines(found, limit, maxLength);
    const last = rows.at(-1);
    if (page.length < found.length || page.length >= limit || last === undefined) return page;
    cursor = last.seq;
  }
}

function readRows(run: Run, after: number, limit: number): Promise<readonly StoredRecord[]> {
  return run<StoredRecord & { seq: number; line: string }>(
    `SELECT seq, line FROM records WHERE seq > $1 ORDER BY seq LIMIT $2`,
    after,
    limit,
  );
}

/** One stored line; null when there is no such record. */
export async function readLine(run: Run, seq: number): Promise<string | null> {
  const [row] = await run<{ line: string }>(`SELECT line FROM records WHERE seq = $1`, seq);
  return row?.line ?? null;
}

/** The hash of a record; of a damaged one, as the next record repeats it. Null when neither can be read. */
export async function readHash(run: Run, seq: number): Promise<string | null> {
  return memberOf(await readLine(run, seq), 'hash') ?? memberOf(await readLine(run, seq + 1), 'prev');
}

/** A damaged record has no time of its own: that of the next readable record on one side stands for it. */
export type NearestTime = 'earlier' | 'later';

/** The most damaged records in a row that are skipped to find a time. */
const MAX_SKIPPED = 64;

/** When a record was written, in milliseconds since the epoch; ±Infinity where none is readable on that side. */
export async function readTime(
  run: Run,
  seq: number,
  { nearest, after, upTo }: { readonly nearest: NearestTime; readonly after: number; readonly upTo: number },
): Promise<number> {
  const step = nearest === 'later' ? 1 : -1;
  for (let at = seq, left = MAX_SKIPPED; at > after && at <= upTo && left > 0; at += step, left -= 1) {
    const time = Date.parse(memberOf(await readLine(run, at), 'time') ?? '');
    if (!Number.isNaN(time)) return time;
  }
  return step * Infinity;
}

/**
 * The seq of the last record in (after, upTo] that is older than `atMs`; `after` when there is none. Binary search: the
 * machine's clock must not have stepped back between these records.
 */
export async function lastBefore(
  run: Run,
  atMs: number,
  { nearest, after, upTo }: { readonly nearest: NearestTime; readonly after: number; readonly upTo: number },
): Promise<number> {
  let [low, high] = [after, upTo];
  while (low < high) {
    const middle = low + Math.ceil((high - low) / 2);
    if ((await readTime(run, middle, { nearest, after, upTo })) < atMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

const SHA256 = /^[0-9a-f]{64}$/;

/** A text member of a stored line; null when the line is missing, damaged or without it. */
function memberOf(line: string | null, name: 'hash' | 'prev' | 'time'): string | null {
  const value = parseObject(line ?? '')?.[name];
  return typeof value === 'string' && (name === 'time' || SHA256.test(value)) ? value : null;
}
