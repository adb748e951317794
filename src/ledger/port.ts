import type { RecordDraft, RecordOutcome } from '../audit/record.ts';
import type { OutboxItem } from '../audit/delivery/sink.ts';
import type { QuotaCharge, ShortInvitee } from '../policy/decision.ts';
import type { ExpiredIntent, Pruned, ReconcileAttempt, Retention, UnsettledRequest } from './background-steps.ts';
import type { ChainState } from './chain-state.ts';
import type { ChangeAnswer, ChangeReport } from './records/change-report.ts';
import type { ReadReport } from './records/read-count.ts';
import type { SearchQuery, SearchSlice } from './search-slice.ts';
import type { SignInLedger } from './sign-in-hold.ts';
import type { Witness } from './trusted-time.ts';

/**
 * The ledger port: requests, quotas, idempotency keys, the audit trail and its outbox. It keeps three promises: no
 * invite without a record, no invite sent twice by accident, and exact quotas. Every method is one atomic step with
 * plain data in and out. A resolved promise means that the step is durable. A rejected one means that it did not
 * happen: its batch was rolled back. Where that cannot be known (PostgreSQL does not answer, or the answer of the ledger object
 * is lost), it may have happened. The ledger's clock is trusted time (trusted-time.ts); the `time` of a record is
 * the machine's clock.
 */
export interface Ledger extends SignInLedger {
  /**
   * Looks up the idempotency key, debits quotas, and writes the intent or the denial: all or nothing. An intent is always
   * written. A denial, a replay or a dry run beyond the subject's limit (suppression.ts) is only counted: the answer is the
   * same, and `find` and `list` do not know the request.
   */
  admit(admission: Admission): Promise<Admitted>;
  /** Ends an admitted request: writes the outcome record, stores the reply, and refunds where the ending says so. */
  settle(settlement: Settlement): Promise<Settled>;
  /** One request; null when there is none, or when it is not `owner`'s. A null `owner` finds every request. */
  find(requestId: string, owner: Owner | null): Promise<FoundRequest | null>;
  /** Requests, newest first, one page (page.ts) at a time. `before` is an exclusive cursor: a request id. */
  list(query: ListQuery): Promise<RequestPage>;
  /** The current counters of these charges, without a debit; one state per charge, in order. */
  usage(charges: readonly QuotaCharge[]): Promise<readonly QuotaState[]>;
  /** The trail after `after` (exclusive, 0 = beginning), in seq order: at most `limit` lines and one page (page.ts). */
  records(after: number, limit: number): Promise<readonly StoredRecord[]>;
  /** One slice of a search: scans a bounded number of records after the cursor, so that no search delays an invite. */
  search(query: SearchQuery): Promise<SearchSlice>;
  /** Records and checkpoints that a sink has not acknowledged, in order of position: at most `limit` and one page. */
  lease(sink: string, limit: number): Promise<readonly OutboxItem[]>;
  /** Moves a sink's cursor forward to `position`; never back, never past the last item. */
  ack(sink: string, position: number): Promise<void>;
  /** The backlog of each of these sinks, in order. For an unknown sink it is the whole trail. */
  backlog(sinks: readonly string[]): Promise<readonly SinkBacklog[]>;
  /** The base, the head and the last checkpoint of the chain. */
  chain(): Promise<ChainState>;
  /**
   * Stores a checkpoint, and adds it to the outbox after the current last record. False, with nothing stored, when that
   * place already has one, or when its `count` is not above the last checkpoint's or is past the head.
   */
  addCheckpoint(checkpoint: StoredCheckpoint): Promise<boolean>;
  /** Checkpoints with a `count` above `after`, in order, at most `limit`. */
  checkpoints(after: number, limit: number): Promise<readonly StoredCheckpoint[]>;
  /** Open intents that have expired by the ledger's clock, oldest first. Includes those whose record is damaged. */
  expired(limit: number): Promise<readonly ExpiredIntent[]>;
  /** Requests in state `unknown` whose next reconcile attempt is due by the ledger's clock, longest overdue first. */
  unsettled(limit: number): Promise<readonly UnsettledRequest[]>;
  /** The number of requests whose stored state is `unknown`. */
  countUnknown(): Promise<number>;
  /**
   * Records one reconcile attempt on an unsettled request: its evidence, and when the next attempt is due. Does nothing
   * when no attempt is due, because two processes may attempt at the same time.
   */
  recordAttempt(attempt: ReconcileAttempt): Promise<void>;
  /**
   * Drops counters of past windows, expired stored replies, and records past retention; records in bounded steps.
   * - Records are dropped only up to a checkpoint that every named sink has acknowledged. That checkpoint is kept, and
   *   the chain begins there from then on.
   * - Records are never dropped past a request that is open or unknown, or whose reply may still be replayed.
   * - A request is dropped together with the record that decided it.
   * - A policy is dropped with the last record that names it; the one on record as taken last is kept.
   * - Nothing is dropped before the first witness: the ledger's clock may be far ahead until then.
   */
  prune(retention: Retention): Promise<Pruned>;
  /**
   * Writes the records of what was suppressed (suppression.ts) in minutes that are over by the ledger's clock, the oldest
   * first, for at most `limit` subjects and minutes. Returns the number of requests in them, and whether there are more.
   */
  recordSuppressed(limit: number): Promise<{ readonly requests: number; readonly more: boolean }>;
  /** Counts one read of the trail (read-count.ts). A report that comes again is counted once. */
  countRead(report: ReadReport): Promise<void>;
  /**
   * Writes the records of who read the trail in minutes that are over by the ledger's clock, the oldest first, at most
   * `limit` of them. Returns their number, and whether there are more.
   */
  recordReads(limit: number): Promise<{ readonly records: number; readonly more: boolean }>;
  /**
   * Writes the records of what changed (change-report.ts), in order, and returns one answer for each report. What is on
   * record already is not recorded again. A policy that was taken is kept in the same step.
   */
  recordChanges(reports: readonly ChangeReport[]): Promise<readonly ChangeAnswer[]>;
  /** The RFC 8785 text of a policy that decided something, by its digest; null when the ledger does not keep it. */
  findPolicy(digest: string): Promise<string | null>;
  /** Makes one durable write; resolves when that works. */
  probe(): Promise<void>;
  /** Tells the ledger's clock what an outside clock says. Acts at once; the next write stores it. */
  witness(witness: Witness): Promise<void>;
}

/** Requests, idempotency keys and read access belong to this triple. */
export interface Owner {
  /** The token's `iss`, not the issuer's short name: renaming an issuer must not merge owners. */
  readonly issuer: string;
  readonly clientId: string;
  readonly subject: string;
}

export interface Admission {
  readonly requestId: string;
  /**
   * True when an earlier call with this request id may have been carried out and its answer was lost. The same answer
   * comes again and nothing changes; a suppressed call left no record, so it is decided again. Rejected when the
   * request has ended in the meantime, so that it is not sent.
   */
  readonly repeated?: boolean;
  readonly owner: Owner;
  /** `route` is part of the key's scope. Null for requests without a key, and for dry runs. */
  readonly idempotency: { readonly key: string; readonly fingerprint: string; readonly route: string } | null;
  /**
   * `send`: all charges are checked. Those that count every attempt are debited, the others only on admission. `deny`:
   * those that count every attempt are debited, and none refuses. Charges in `requests` count every attempt unless they
   * are `admittedOnly`.
   * `dry_run`: the limit on dry runs.
   */
  readonly charges: readonly QuotaCharge[];
  readonly plan: 'send' | 'deny' | 'dry_run';
  /**
   * When counters of invitees have too little left, the answer is `invitees_exhausted`, and nothing is written or debited:
   * the caller leaves these invitees out and admits the rest with the same request id.
   */
  readonly leavesOutInvitees?: true;
  /** Time from admission until the intent expires. */
  readonly expiresInMs: number;
  /** The canonical JSON to be sent; stored outside the trail until the outcome is known. Null when nothing is sent. */
  readonly body: string | null;
  readonly records: AdmissionRecords;
}

/**
 * The records that an admission may write: what they share, and the outcome of each. The ledger writes at most one, and
 * builds only that one (record-annotations.ts). Its `kind` is not given here: it follows from the step that writes it.
 */
export interface AdmissionRecords {
  readonly base: RecordBase;
  /** The outcome of the intent, the denial or the dry run. The ledger adds `expires_at` to an intent. */
  readonly decided: RecordOutcome;
  /** Of the denial that is written instead when a quota refuses; the ledger adds `quota`. Null: nothing is written. */
  readonly exhausted: RecordOutcome | null;
  /** Of the replay that is written instead when the key is known; the ledger adds `first_request_id` and `status`. */
  readonly replay: RecordOutcome | null;
}

/** The members that all records of one request share. `request_sha256` is not part of a replay. */
export type RecordBase = Omit<RecordDraft, 'kind' | 'outcome'>;

export type Admitted =
  | { readonly kind: 'admitted'; readonly expiresAt: number; readonly quotas: readonly QuotaState[] }
  | { readonly kind: 'denied'; readonly quotas: readonly QuotaState[] }
  | { readonly kind: 'previewed' }
  | {
      readonly kind: 'exhausted';
      readonly exhausted: QuotaState;
      readonly retryAfterS: number;
      readonly quotas: readonly QuotaState[];
      /** The counters of invitees among those that have too little left; absent when there are none. */
      readonly invitees?: readonly ShortInvitee[];
    }
  | { readonly kind: 'invitees_exhausted'; readonly invitees: readonly ShortInvitee[] }
  | { readonly kind: 'replay'; readonly firstRequestId: string; readonly reply: StoredReply }
  | { readonly kind: 'in_flight'; readonly firstRequestId: string; readonly retryAfterS: number }
  /** The key is known, and the stored reply is damaged. The request must not be sent again. */
  | { readonly kind: 'reply_unreadable'; readonly firstRequestId: string }
  | { readonly kind: 'key_reused'; readonly firstRequestId: string };

/** The state of one quota counter, without its key. */
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

/** An answer, stored for replays. The body is text; upstream bodies are JSON. */
export interface StoredReply {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
  /** Header fields, besides Content-Type, that belong to the answer itself (e.g. Retry-After). */
  readonly headers: Readonly<Record<string, string>>;
}

export type SettledBy = 'exchange' | 'sweep' | 'reconciliation' | 'person';

export type Ending = 'accepted' | 'refused' | 'not_sent' | 'unknown';

export interface Settlement {
  readonly requestId: string;
  /**
   * `sweep` applies only to an expired open intent. `exchange` applies to an open intent, and to one that the sweep has
   * settled as unknown. `reconciliation` and `person` apply only to a request whose outcome is unknown.
   */
  readonly by: SettledBy;
  readonly ending: Ending;
  readonly reply: StoredReply;
  readonly record: RecordDraft;
}

export type Settled =
  | { readonly kind: 'settled' }
  /** `by` does not apply in this state (see Settlement). Nothing changed. */
  | { readonly kind: 'unchanged'; readonly state: RequestState }
  | { readonly kind: 'not_found' };

export type RequestState = 'open' | Ending | 'denied';

/** A decided request as `GET /v2/invite_requests` shows it. */
export interface RequestEntry {
  readonly requestId: string;
  readonly owner: Owner;
  /** As the records prove it, where they refute the stored state. `unknown` when the stored state is damaged. */
  readonly state: RequestState;
  /** Milliseconds since the epoch, the ledger's clock; null when the stored time is damaged. */
  readonly admittedAt: number | null;
  /**
   * `time` of the intent or denial record, in milliseconds since the epoch: unlike `admittedAt`, no correction of the
   * ledger's clock moves it. `admittedAt` when that record is damaged.
   */
  readonly requestedAt: number | null;
  readonly expiresAt: number | null;
  readonly settledAt: number | null;
  /** The intent or denial record; null when it is damaged. */
  readonly decided: RecordDraft | null;
  /** The latest outcome record; null when there is none yet, or when it is damaged. */
  readonly outcome: RecordDraft | null;
  /** The parts that are stored and cannot be read: damage to one part hides neither the others nor other requests. */
  readonly unreadable: readonly UnreadablePart[];
}

/** `decision`, `outcome`: the record of it. `state`: the stored state or one of its times; or the records refute that state. */
export type UnreadablePart = 'decision' | 'outcome' | 'state';

/** One request with what is on record about it. */
export interface FoundRequest extends RequestEntry {
  /**
   * All records about it in order of seq, verbatim; of the replays of its answer the newest (page.ts). A record that is
   * missing has an empty line.
   */
  readonly records: readonly StoredRecord[];
  /** How many replays of its answer are not among `records`. */
  readonly replaysLeftOut: number;
}

export interface RequestPage {
  readonly entries: readonly RequestEntry[];
  /** `before` of the next page; null on the last page. */
  readonly next: string | null;
}

export interface ListQuery {
  readonly owner: Owner | null;
  readonly before: string | null;
  readonly limit: number;
}

/** One stored record, verbatim. `line` is its RFC 8785 text, without a line end. */
export interface StoredRecord {
  readonly seq: number;
  readonly line: string;
}

export interface SinkBacklog {
  readonly sink: string;
  /** Records not acknowledged yet. */
  readonly records: number;
  /** `time` of the oldest of them, in milliseconds since the epoch; null when there is none. */
  readonly oldestAt: number | null;
}

/** One stored checkpoint, verbatim. `line` is its RFC 8785 text (audit/checkpoint). */
export interface StoredCheckpoint {
  /** The seq of the last record it covers. */
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly madeAt: number;
  readonly line: string;
}
