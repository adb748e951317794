import type { ChainHead } from '../audit/chain.ts';
import type { RecordDraft } from '../audit/record.ts';
import type { SearchFilter } from '../audit/search.ts';
import type { OutboxItem } from '../audit/delivery/sink.ts';
import type { QuotaCharge } from '../policy/decision.ts';

/**
 * The one place where promises 3, 4 and 5 are kept: every method is one atomic, durable step.
 * Plain data in and out. A rejected promise means the step did not happen (the batch it was part of
 * was rolled back); a resolved one means it is on disk.
 */
export interface Ledger {
  /** Looks the idempotency key up, debits quotas, and writes the intent or the denial: all or nothing. */
  admit(admission: Admission): Promise<Admitted>;
  /** Ends an admitted request: outcome record, stored reply, refund or not, by its ending. */
  settle(settlement: Settlement): Promise<Settled>;
  /** What became of one request; null when there is none, or none of `owner`'s. */
  find(requestId: string, owner: Owner | null): Promise<RequestEntry | null>;
  /** Newest first, a page (see page.ts) at a time. `before` is an exclusive request id cursor. */
  list(query: ListQuery): Promise<RequestPage>;
  /** The counters behind these claims now, nothing debited; one state per claim, in order. */
  usage(charges: readonly QuotaCharge[]): Promise<readonly QuotaState[]>;
  /** The trail after `after` (exclusive, 0 = beginning), in seq order, at most `limit` lines and a page (see page.ts). */
  records(after: number, limit: number): Promise<readonly StoredRecord[]>;
  /** One slice of a search: looks at a bounded number of records after the cursor, so that no search holds up an invite. */
  search(query: SearchQuery): Promise<SearchSlice>;
  /** What a sink has not acknowledged yet, records and checkpoints, in order of position, bounded likewise. */
  lease(sink: string, limit: number): Promise<readonly OutboxItem[]>;
  /** Moves a sink's cursor up to `position`; never back, never past the last item there is. */
  ack(sink: string, position: number): Promise<void>;
  /** How far behind each of these sinks is, in order. A sink never heard of has everything before it. */
  backlog(sinks: readonly string[]): Promise<readonly SinkBacklog[]>;
  /** Where the chain begins and ends, and its last checkpoint. */
  chain(): Promise<ChainState>;
  /** Stores a checkpoint and puts it in the outbox behind the record that is last now. False when one stands there already. */
  addCheckpoint(checkpoint: StoredCheckpoint): Promise<boolean>;
  /** Checkpoints with a count above `after`, in order, at most `limit`. */
  checkpoints(after: number, limit: number): Promise<readonly StoredCheckpoint[]>;
  /** Open intents whose time is over by the ledger's clock, oldest first. One that cannot be read is among them. */
  expired(limit: number): Promise<readonly ExpiredIntent[]>;
  /** Requests in state `unknown` whose next look is due by the ledger's clock, the one that is due longest first. */
  unsettled(limit: number): Promise<readonly UnsettledRequest[]>;
  /** Writes down one look at an unsettled request: the evidence, and when to look again. Does nothing unless a look is due: two may look at once. */
  recordAttempt(attempt: ReconcileAttempt): Promise<void>;
  /**
   * Drops counters of past windows, stored replies past their time, and records past retention, a bounded number at a
   * time. Records go only up to a checkpoint that every named sink has acknowledged, and never past a request that is open
   * or unknown, or whose reply may still be replayed; that checkpoint stays and is where the chain begins from then on.
   * A request goes with the record that decided it. Goes by the machine's clock, and drops nothing while that is doubted.
   */
  prune(retention: Retention): Promise<Pruned>;
  /** Resolves when a write can be made durable now. */
  probe(): Promise<void>;
}

/** Requests, keys and reading rights belong to this triple. */
export interface Owner {
  /** The token's `iss`, not its short name: renaming an issuer must not merge owners. */
  readonly issuer: string;
  readonly clientId: string;
  readonly subject: string;
}

export interface Admission {
  readonly requestId: string;
  readonly owner: Owner;
  /** `route` is part of the key's scope. Null for requests without a key, and for dry runs. */
  readonly idempotency: { readonly key: string; readonly fingerprint: string; readonly route: string } | null;
  /** For `send`: all are checked and debited. For `deny`: only `requests` claims count, and never refuse. For `dry_run`: a limit on dry runs. */
  readonly charges: readonly QuotaCharge[];
  readonly plan: 'send' | 'deny' | 'dry_run';
  /** How long after admission the intent expires. */
  readonly expiresInMs: number;
  /** The canonical JSON that is about to be sent; kept privately until the outcome is known. Null where nothing is sent. */
  readonly body: string | null;
  readonly records: {
    /** The intent, the denial or the dry run. The ledger adds `outcome.expires_at` to an intent. */
    readonly decided: RecordDraft;
    /** Written in its place when a quota refuses; the ledger adds `outcome.quota`. Null: nothing is written. */
    readonly exhausted: RecordDraft | null;
    /** Written in its place when the key is known; the ledger adds `outcome.first_request_id` and `outcome.status`. */
    readonly replay: RecordDraft | null;
  };
}

export type Admitted =
  | { readonly kind: 'admitted'; readonly expiresAt: number; readonly quotas: readonly QuotaState[] }
  | { readonly kind: 'denied'; readonly quotas: readonly QuotaState[] }
  | { readonly kind: 'previewed' }
  | {
      readonly kind: 'exhausted';
      readonly exhausted: QuotaState;
      readonly retryAfterS: number;
      readonly quotas: readonly QuotaState[];
    }
  | { readonly kind: 'replay'; readonly firstRequestId: string; readonly reply: StoredReply }
  | { readonly kind: 'in_flight'; readonly firstRequestId: string; readonly retryAfterS: number }
  | { readonly kind: 'key_reused'; readonly firstRequestId: string };

/** One counter as it stands, without the counter's own key. */
export interface QuotaState {
  readonly quota: string;
  readonly unit: 'emails' | 'requests';
  readonly limit: number;
  readonly windowMs: number;
  /** Never below 0. */
  readonly remaining: number;
  /** Milliseconds until the window ends, by the ledger's clock. */
  readonly resetMs: number;
  readonly visible: boolean;
}

/** An answer as it was given, kept for replays. The body is text; upstream bodies are JSON. */
export interface StoredReply {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
  /** Fields beyond Content-Type that belong to the answer itself (e.g. Retry-After). */
  readonly headers: Readonly<Record<string, string>>;
}

export type SettledBy = 'exchange' | 'sweep' | 'reconciliation' | 'person';

export type Ending = 'accepted' | 'refused' | 'not_sent' | 'unknown';

export interface Settlement {
  readonly requestId: string;
  /**
   * `sweep` applies only to an open intent that is past its time; `exchange` also to one the sweep got to first;
   * `reconciliation` and `person` only to a request whose outcome is unknown.
   */
  readonly by: SettledBy;
  readonly ending: Ending;
  readonly reply: StoredReply;
  readonly record: RecordDraft;
}

export type Settled =
  | { readonly kind: 'settled' }
  /** `by` does not apply to the state it is in (see Settlement). Nothing changed. */
  | { readonly kind: 'unchanged'; readonly state: RequestState }
  | { readonly kind: 'not_found' };

export type RequestState = 'open' | Ending | 'denied';

/** A decided request as `GET /v2/invite_requests` shows it. */
export interface RequestEntry {
  readonly requestId: string;
  readonly owner: Owner;
  readonly state: RequestState;
  /** Milliseconds since the epoch, the ledger's clock. */
  readonly admittedAt: number;
  readonly expiresAt: number | null;
  readonly settledAt: number | null;
  /** The intent or denial record. */
  readonly decided: RecordDraft;
  /** The latest outcome record, when there is one. */
  readonly outcome: RecordDraft | null;
}

export interface RequestPage {
  readonly entries: readonly RequestEntry[];
  /** Pass as `before` for the next page; null when there is no more. */
  readonly next: string | null;
}

export interface ListQuery {
  readonly owner: Owner | null;
  readonly before: string | null;
  readonly limit: number;
}

/** One stored record, verbatim: `line` is its RFC 8785 text, without a line end. */
export interface StoredRecord {
  readonly seq: number;
  readonly line: string;
}

export interface SinkBacklog {
  readonly sink: string;
  /** Records not acknowledged yet. */
  readonly records: number;
  /** `time` of the oldest of them, milliseconds since the epoch; null when there is none. */
  readonly oldestAt: number | null;
}

export interface ChainState {
  /** The last record that was dropped for its age: the first one kept continues it. Genesis when none was. */
  readonly base: ChainHead;
  readonly head: ChainHead;
  /** The last checkpoint; null when there is none. */
  readonly checkpoint: { readonly count: number; readonly madeAt: number } | null;
}

/** One stored checkpoint, verbatim: `line` is its RFC 8785 text (audit/checkpoint). */
export interface StoredCheckpoint {
  /** The seq of the last record it covers. */
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly madeAt: number;
  readonly line: string;
}

export interface SearchQuery {
  readonly filter: SearchFilter;
  /** Exclusive cursor. */
  readonly after: number;
  readonly limit: number;
}

export interface SearchSlice {
  readonly records: readonly StoredRecord[];
  /** Every record up to this seq has been looked at: the cursor to go on from. */
  readonly scannedTo: number;
  /** Nothing is left behind `lookedTo` that could match. */
  readonly done: boolean;
}

export interface UnsettledRequest {
  readonly requestId: string;
  /** Milliseconds since the epoch, the ledger's clock. */
  readonly admittedAt: number;
  /** Null: the record is damaged. */
  readonly intent: RecordDraft | null;
  /** The bytes that went, or may have gone, to the upstream; null for requests older than this column. */
  readonly body: string | null;
  /** How many looks there have been. */
  readonly attempts: number;
}

export interface ReconcileAttempt {
  readonly requestId: string;
  /** Written to the trail; null when the look saw nothing worth keeping (the upstream could not be asked). */
  readonly record: RecordDraft | null;
  /** Until the next look; null: no more of them. A look without a record is not counted. */
  readonly nextInMs: number | null;
}

export interface Retention {
  /**
   * Every configured sink: all must have acknowledged what is dropped. Only those: one that is taken out of the configuration
   * holds nothing back, and when it returns it goes on behind what was dropped meanwhile.
   */
  readonly sinks: readonly string[];
  /** Null: records are kept for ever. */
  readonly keepRecordsMs: number | null;
}

export interface Pruned {
  /** Records dropped by this call. */
  readonly records: number;
  /** More could be dropped right away. */
  readonly more: boolean;
  /** The machine's clock has gone on by so much since the last call that it is doubted from now on. Told once. */
  readonly jumpedMs?: number;
}

export interface ExpiredIntent {
  readonly requestId: string;
  /** Null: the record is damaged. */
  readonly intent: RecordDraft | null;
}

/** Kept this long after settling; unknown ones until settled. */
export const REPLY_RETENTION_MS = 7 * 24 * 60 * 60 * 1000;
