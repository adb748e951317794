import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { RecordKind, RecordOutcome, RequestRecord } from '../record.ts';
import { TRACE_ID } from '../../lib/http/trace-context.ts';
import { parseObject } from '../../lib/parse-object.ts';
import { readStoredLine } from '../stored-record.ts';
import { seqAt } from '../delivery/outbox-position.ts';
import type { OutboxItem } from '../delivery/sink.ts';

/**
 * The metadata in the envelope around a delivered line. A collector can sort and count lines by it without parsing
 * them. It never contains an address, a subject or other personal data; those are only in the line itself. Pure.
 */
export interface ItemFacts {
  /** `unreadable`: the line is damaged, and only its place is known. `not_taken`: a stand-in for a refused item. */
  readonly kind: RecordKind | 'checkpoint' | 'unreadable' | 'not_taken';
  /** UUIDv7, of a damaged line a word with its place; the same whenever the item is delivered again. */
  readonly id: string;
  /** RFC 3339, UTC, milliseconds; null when the line is damaged. */
  readonly time: string | null;
  /** For a checkpoint: the seq of the last record it covers. */
  readonly seq: number;
  /** Null for a checkpoint, a stand-in, a record that is not about one request, and when the line is damaged. */
  readonly request: {
    readonly id: string;
    readonly result: RecordOutcome['result'];
    /** Null in a record that has none, or one of another form. */
    readonly traceId: string | null;
  } | null;
}

export function itemFacts(item: OutboxItem): ItemFacts {
  return factsIn(item) ?? unreadable(seqAt(item.position));
}

/** Names a damaged line where nothing of its own can. */
export function unreadableId(seq: number): string {
  return `unreadable-${seq}`;
}

function factsIn({ kind, line }: OutboxItem): ItemFacts | null {
  const value = parseObject(line);
  if (value === null || typeof value['id'] !== 'string' || typeof value['time'] !== 'string') return null;
  if (kind === 'checkpoint') {
    const { id, time, count } = value as unknown as Checkpoint;
    return Number.isInteger(count) ? { kind, id, time, seq: count, request: null } : null;
  }
  const read = readStoredLine(line);
  if (read.kind === 'unreadable' || !Number.isInteger(value['seq'])) return null;
  const { record } = read;
  const { id, time, seq } = record;
  const request = 'request_id' in record ? requestIn(record) : null;
  return { kind: record.kind, id, time, seq, request };
}

function requestIn({ request_id: id, outcome: { result }, trace_id: traceId }: RequestRecord): ItemFacts['request'] {
  return { id, result, traceId: traceId !== undefined && TRACE_ID.test(traceId) ? traceId : null };
}

function unreadable(seq: number): ItemFacts {
  return { kind: 'unreadable', id: unreadableId(seq), time: null, seq, request: null };
}
