import type { ProxyFailure } from '../../ports/http.ts';

/**
 * A sink delivers the trail, both records and checkpoints, to a destination outside the ledger. It receives items in
 * order of position. After a failure it may receive an item again, but never out of order and never with one left out.
 * A receiver recognizes a repeat by the `id` of the record or checkpoint.
 */
export interface Sink {
  /** Names the sink's cursor in the ledger: stable across restarts and versions. */
  readonly name: string;
  /** Resolves when the destination has stored all items. After a rejection all of them are offered again. */
  write(items: readonly OutboxItem[]): Promise<void>;
}

/** The part of the ledger that delivery needs. */
export interface Outbox {
  /** Items that the sink has not acknowledged yet, in order of position. */
  lease(sink: string, limit: number): Promise<readonly OutboxItem[]>;
  /** Moves the sink's cursor up to `position`; never back. */
  ack(sink: string, position: number): Promise<void>;
}

/** One record or checkpoint, verbatim: `line` is its RFC 8785 text, without a line end. */
export interface OutboxItem {
  readonly position: number;
  readonly kind: 'record' | 'checkpoint';
  readonly line: string;
}

/** A sink did not take a batch. The error contains nothing of the batch: `reason` goes into logs and metrics. */
export class SinkError extends Error {
  override readonly name = 'SinkError';
  readonly reason: SinkFailure;
  /** How long the destination asked to wait; null when it did not ask. */
  readonly retryAfterMs: number | null;

  constructor(reason: SinkFailure, retryAfterMs: number | null = null) {
    super(reason);
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Of a sink that sends batches to a collector over HTTP, where no egress proxy is the cause. */
export const COLLECTOR_FAILURES = [
  'unreachable',
  'timeout',
  'connection_lost',
  'credentials_rejected',
  /** The address leads to something else: a page, a redirect, no such place. */
  'wrong_address',
  /** For the content of an item, or of several. */
  'content_refused',
  /** For anything else. */
  'refused',
  'too_large',
  'rate_limited',
  'server_error',
  'partly_refused',
  'unreadable_answer',
  'token_unavailable',
] as const;

/** Of a sink that writes to something of the platform: stdout, a Queue. */
export const LOCAL_SINK_FAILURES = ['write_failed'] as const;

export type SinkFailure = (typeof COLLECTOR_FAILURES | typeof LOCAL_SINK_FAILURES)[number] | ProxyFailure;
