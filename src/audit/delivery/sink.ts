/**
 * Where the trail goes beyond the ledger: records, and checkpoints among them. A sink takes items in order of position
 * and may get one twice after a failure, never out of order and never with one left out; a record's or checkpoint's `id`
 * tells repeats apart.
 */
export interface Sink {
  /** Names the sink's cursor in the ledger: stable across restarts and versions. */
  readonly name: string;
  /** Resolves when all of them are safe at the far end; a rejection means all will be offered again. */
  write(items: readonly OutboxItem[]): Promise<void>;
}

/** What delivery needs of the ledger. */
export interface Outbox {
  /** What the sink has not acknowledged yet, in order of position. */
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

/** Why a sink did not take a batch, in words that hold nothing of it: `reason` goes into logs and metrics. */
export class SinkError extends Error {
  override readonly name = 'SinkError';
  readonly reason: SinkFailure;
  /** The far end asked to wait this long. */
  readonly retryAfterMs: number | null;

  constructor(reason: SinkFailure, retryAfterMs: number | null = null) {
    super(reason);
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

export type SinkFailure =
  | 'unreachable'
  | 'timeout'
  | 'connection_lost'
  | 'credentials_rejected'
  | 'refused'
  | 'too_large'
  | 'rate_limited'
  | 'server_error'
  | 'partly_refused'
  | 'unreadable_answer'
  | 'token_unavailable'
  | 'write_failed';
