import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { AuditRecord, RecordKind, RecordOutcome } from '../record.ts';
import type { OutboxItem } from '../delivery/sink.ts';

/**
 * The metadata in the envelope around a delivered line. A collector can sort and count lines by it without parsing
 * them. It never contains an address, a subject or other personal data; those are only in the line itself. Pure.
 */
export interface ItemFacts {
  readonly kind: RecordKind | 'checkpoint';
  /** UUIDv7; the same whenever the item is delivered again. */
  readonly id: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  /** For a checkpoint: the seq of the last record it covers. */
  readonly seq: number;
  /** Null for a checkpoint. */
  readonly request: { readonly id: string; readonly result: RecordOutcome['result'] } | null;
}

/** The ledger wrote the line, so it is not validated again. */
export function itemFacts(item: OutboxItem): ItemFacts {
  if (item.kind === 'checkpoint') {
    const { kind, id, time, count } = JSON.parse(item.line) as Checkpoint;
    return { kind, id, time, seq: count, request: null };
  }
  const { kind, id, time, seq, request_id: requestId, outcome } = JSON.parse(item.line) as AuditRecord;
  return { kind, id, time, seq, request: { id: requestId, result: outcome.result } };
}
