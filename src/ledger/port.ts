import type { RecordDraft } from '../audit/record.ts';
import type { QuotaClaim } from '../policy/decision.ts';

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
  usage(claims: readonly QuotaClaim[]): Promise<readonly QuotaState[]>;
  /** The trail after `after` (exclusive, 0 = beginning), in seq order, at most `limit` lines and a page (see page.ts). */
  records(after: number, limit: number): Promise<readonly StoredRecord[]>;
  /** Records a sink has not acknowledged yet, in seq order, bounded likewise. */
  lease(sink: string, limit: number): Promise<readonly StoredRecord[]>;
  /** Moves a sink's cursor up to `seq`; never back. */
  ack(sink: string, seq: number): Promise<void>;
  /** Open intents whose time is over by the ledger's clock, oldest first. */
  expired(limit: number): Promise<readonly ExpiredIntent[]>;
  /** Drops counters of past windows and stored replies past their time. Records are never dropped here. */
  prune(): Promise<void>;
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
  readonly claims: readonly QuotaClaim[];
  readonly plan: 'send' | 'deny' | 'dry_run';
  /** How long after admission the intent expires. */
  readonly expiresInMs: number;
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

export type Ending = 'accepted' | 'refused' | 'not_sent' | 'unknown';

export interface Settlement {
  readonly requestId: string;
  /** `sweep` applies only to an open intent that is past its time; `exchange` also to one the sweep got to first. */
  readonly by: 'exchange' | 'sweep';
  readonly ending: Ending;
  readonly reply: StoredReply;
  readonly record: RecordDraft;
}

export type Settled =
  | { readonly kind: 'settled' }
  /** The exchange had already been settled, or (sweep) it was not open or not expired. Nothing changed. */
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

export interface ExpiredIntent {
  readonly requestId: string;
  readonly intent: RecordDraft;
}

/** Kept this long after settling; unknown ones until settled. */
export const REPLY_RETENTION_MS = 7 * 24 * 60 * 60 * 1000;
