/**
 * Every way in which a request to send invites can end, as one union. Types only. One exhaustive switch turns an
 * outcome into its answer (answer.ts), another into its record (record.ts). So an outcome without an answer or without
 * a record does not compile. docs/architecture.md, "Endings", lists the proof that each one needs.
 */
import type { RecordEvidence, RecordSettler } from '../audit/record.ts';
import type { InviteUsersRequest } from '../contract/invite-users.ts';
import type { QuotaState, StoredReply } from '../ledger/port.ts';
import type { AddressDecision, Decision } from '../policy/decision.ts';
import type { QuotaScope } from '../policy/document/schema.ts';
import type { SendResult } from '../upstream/failure.ts';

export type Outcome =
  | { readonly kind: 'denied'; readonly decision: Decision }
  | Exhausted
  | { readonly kind: 'previewed'; readonly preview: Preview }
  | { readonly kind: 'replayed'; readonly firstRequestId: string; readonly reply: StoredReply }
  | { readonly kind: 'in_flight'; readonly firstRequestId: string; readonly retryAfterS: number }
  | { readonly kind: 'reply_unreadable'; readonly firstRequestId: string }
  | { readonly kind: 'key_reused' }
  | { readonly kind: 'ledger_unavailable' }
  | Sent
  | Resolved;

/** A counter has too little left. */
export interface Exhausted {
  readonly kind: 'exhausted';
  readonly quota: QuotaState;
  /** How many units the request asked the counter for. */
  readonly asked: number;
  /** Whom the counter is for; null for the built-in limit on dry runs. */
  readonly per: QuotaScope | null;
  readonly retryAfterS: number;
  /** The decisions, when counters of invitees are among those that have too little left; else none. */
  readonly addresses: readonly AddressDecision[];
}

/** The result of sending, and the decision for each address. With lenient handling, denied addresses were left out. */
export type Sent = SendResult & { readonly addresses: readonly AddressDecision[] };

/**
 * An unknown outcome that was settled later, by evidence from Galileo's list of users or by a person. From then on the
 * request's Idempotency-Key replays the answer that belongs to it.
 */
export interface Resolved {
  readonly kind: 'resolved';
  readonly ending: 'accepted' | 'refused';
  readonly by: Resolver;
  readonly addresses: readonly AddressDecision[];
}

export type Resolver =
  | { readonly kind: 'reconciliation'; readonly evidence: RecordEvidence }
  | {
      readonly kind: 'person';
      readonly person: string;
      readonly note: string;
      /** Present when a verified token says who it is. */
      readonly settler?: RecordSettler;
    };

/** The answer to a dry run. The functions that decide a real request compute it. */
export interface Preview {
  readonly decision: Decision;
  readonly body: InviteUsersRequest;
  readonly quotas: readonly QuotaPreview[];
  /** The quota that has too little left and the longest wait; null when all have enough. */
  readonly shortOf: string | null;
}

export interface QuotaPreview {
  readonly quota: string;
  readonly unit: 'emails' | 'requests';
  readonly limit: number;
  readonly before: number;
  readonly after: number;
  readonly resetS: number;
}
