/**
 * Where audit records go beyond the ledger. A sink takes records in seq order and may get one twice
 * after a failure, never out of order and never with one left out; `seq` tells repeats apart.
 */
export interface Sink {
  /** Names the sink's cursor in the ledger: stable across restarts and versions. */
  readonly name: string;
  /** Resolves when all of them are safe at the far end; a rejection means all will be offered again. */
  write(records: readonly OutboxRecord[]): Promise<void>;
}

/** What delivery needs of the ledger. */
export interface Outbox {
  /** Records the sink has not acknowledged yet, in seq order. */
  lease(sink: string, limit: number): Promise<readonly OutboxRecord[]>;
  /** Moves the sink's cursor up to `seq`; never back. */
  ack(sink: string, seq: number): Promise<void>;
}

/** One record, verbatim: `line` is its RFC 8785 text, without a line end. */
export interface OutboxRecord {
  readonly seq: number;
  readonly line: string;
}
