/**
 * One record or checkpoint as one line of text: time, seq, kind, result, client, subject, and what it says. The columns
 * are stable and their first six have no white space. It is for people; it has not all members of the record and cannot
 * be verified. A line that is damaged, or newer than this program, is shown as such and never quoted.
 */
import { parseAnyCheckpoint } from '../../../audit/checkpoint/checkpoint.ts';
import { changeRecordSchema, readRecordSchema, suppressedRecordSchema } from '../../../audit/record.ts';
import type { ChangeRecord, ReadRecord, SuppressedRecord } from '../../../audit/record.ts';
import { RECORD_KINDS } from '../../../audit/record-vocabulary.ts';
import { isNewer } from '../../../audit/verify/known-form.ts';
import { readStoryRecord } from '../../../invite/story/readable-record.ts';
import { parseObject } from '../../../lib/parse-object.ts';
import { CELLS, cell } from './record-cells.ts';
import type { Cells } from './record-cells.ts';

const WIDTHS = { time: 24, seq: 8, kind: 14, result: 10, client: 16, subject: 16 } as const;
const NONE = '-';

/** `number`: the seq of a record, or the count of a checkpoint. Without a line end. */
export function textLine(kind: 'record' | 'checkpoint', number: number, line: string): string {
  return kind === 'checkpoint' ? checkpointLine(number, line) : recordLine(number, line);
}

function recordLine(seq: number, line: string): string {
  const value = parseObject(line) ?? {};
  const time = typeof value['time'] === 'string' ? value['time'] : NONE;
  const cells = cellsIn(value, line);
  if (cells !== null) return columns(time, seq, String(value['kind']), cells);
  const kind = RECORD_KINDS.find((known) => known === value['kind']) ?? NONE;
  const what = isNewer(line) ? 'newer than this program knows' : 'cannot be read; audit verify says more';
  return columns(time, seq, kind, { result: NONE, client: NONE, subject: NONE, what });
}

/** Null: the members that a line needs are not there. */
function cellsIn(value: Readonly<Record<string, unknown>>, line: string): Cells | null {
  const kind = RECORD_KINDS.find((known) => known === value['kind']);
  switch (kind) {
    case undefined:
      return null;
    case 'suppressed':
      return suppressedRecordSchema.safeParse(value).success ? CELLS[kind](value as unknown as SuppressedRecord) : null;
    case 'change':
      return changeRecordSchema.safeParse(value).success ? CELLS[kind](value as unknown as ChangeRecord) : null;
    case 'read':
      return readRecordSchema.safeParse(value).success ? CELLS[kind](value as unknown as ReadRecord) : null;
    default: {
      const record = readStoryRecord(line);
      return record === null ? null : CELLS[kind](record);
    }
  }
}

function checkpointLine(count: number, line: string): string {
  const checkpoint = parseAnyCheckpoint(line);
  const what =
    checkpoint === null
      ? 'cannot be read; audit verify says more'
      : `covers records up to ${checkpoint.count}, ${checkpoint.signature === undefined ? 'not signed' : `signed with key ${checkpoint.signature.key_id}`}`;
  return columns(checkpoint?.time ?? NONE, count, 'checkpoint', { result: NONE, client: NONE, subject: NONE, what });
}

function columns(time: string, seq: number, kind: string, { result, client, subject, what }: Cells): string {
  return [
    cell(time).padEnd(WIDTHS.time),
    String(seq).padStart(WIDTHS.seq),
    cell(kind).padEnd(WIDTHS.kind),
    cell(result).padEnd(WIDTHS.result),
    client.padEnd(WIDTHS.client),
    subject.padEnd(WIDTHS.subject),
    what,
  ].join('  ');
}
