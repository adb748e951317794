import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { AuditRecord, RecordKind, RecordOutcome } from '../record.ts';
import type { OutboxItem } from '../delivery/sink.ts';

/**
 * What stands in the envelope around a delivered line, so that a collector can sort and count lines without reading
 * them. Never an address, a subject or anything else about people: those are in the line alone. Pure.
 */
export interface ItemFacts {
  readonly kind: RecordKind | 'checkpoint';
  /** UUIDv7; the same whenever the item is delivered again. */
  readonly id: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  /** Of a checkpoint: that of the last record it covers. */
  readonly seq: number;
  /** Null for a checkpoint. */
  readonly request: { readonly id: string; readonly result: RecordOutcome['result'] } | null;
}

/** Lines come from the ledger, which wrote them, so they are not judged again. */
export function itemFacts(item: OutboxItem): ItemFacts {
  if (item.kind === 'checkpoint') {
    const { kind, id, time, count } = JSON.parse(item.line) as Checkpoint;
    return { kind, id, time, seq: count, request: null };
  }
  const { kind, id, time, seq, request_id: requestId, outcome } = JSON.parse(item.line) as AuditRecord;
  return { kind, id, time, seq, request: { id: requestId, result: outcome.result } };
}
