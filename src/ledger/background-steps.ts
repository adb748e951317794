import type { RecordDraft } from '../audit/record.ts';

/**
 * What the recurring work of the service and the ledger (port.ts) exchange: requests whose outcome is missing or
 * unknown, and how long records are kept. Plain data.
 */
export interface UnsettledRequest {
  readonly requestId: string;
  /** Milliseconds since the epoch, the ledger's clock. */
  readonly admittedAt: number;
  /** Null: the record is damaged. */
  readonly intent: RecordDraft | null;
  /** The body that was, or may have been, sent to the upstream; null for requests older than its column. */
  readonly body: string | null;
  /** Reconcile attempts so far that left a record. */
  readonly attempts: number;
}

export interface ReconcileAttempt {
  readonly requestId: string;
  /** Written to the trail; null when the upstream could not be asked. Then the attempt is not counted. */
  readonly record: RecordDraft | null;
  /** Time until the next attempt; null: there is none. */
  readonly nextInMs: number | null;
}

export interface Retention {
  /** Every configured sink must acknowledge a record before it is dropped. A removed sink holds nothing back. */
  readonly sinks: readonly string[];
  /** Null: records are kept forever. */
  readonly keepRecordsMs: number | null;
}

export interface Pruned {
  /** Records dropped by this call. */
  readonly records: number;
  /** More records can be dropped at once. */
  readonly more: boolean;
}

export interface ExpiredIntent {
  readonly requestId: string;
  /** Null: the record is damaged. */
  readonly intent: RecordDraft | null;
}
