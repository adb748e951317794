/**
 * Every way a request to send invites can end, as one union. Types only: one exhaustive switch turns an ending into its
 * answer (answer.ts), another into its record (record.ts), so an ending that is not answered or not audited does not
 * compile. docs/architecture.md, "Endings", says which proof each ending needs.
 */
import type { RecordEvidence } from '../audit/record.ts';
import type { InviteUsersRequest } from '../contract/invite-users.ts';
import type { QuotaState, StoredReply } from '../ledger/port.ts';
import type { AddressDecision, Decision } from '../policy/decision.ts';
import type { SendResult } from '../upstream/failure.ts';

export type Outcome =
  | { readonly kind: 'denied'; readonly decision: Decision }
  | { readonly kind: 'exhausted'; readonly quota: QuotaState; readonly retryAfterS: number }
  | { readonly kind: 'previewed'; readonly preview: Preview }
  | { readonly kind: 'replayed'; readonly firstRequestId: string; readonly reply: StoredReply }
  | { readonly kind: 'in_flight'; readonly retryAfterS: number }
  | { readonly kind: 'key_reused' }
  | { readonly kind: 'ledger_unavailable' }
  | Sent
  | Resolved;

/** How sending ended, and the decisions it went by: handled leniently, some addresses were left out. */
export type Sent = SendResult & { readonly addresses: readonly AddressDecision[] };

/**
 * What an unknown outcome turned out to be, long after its answer: Galileo's users showed it, or a person said so. The
 * answer to it is what the request's Idempotency-Key replays from then on.
 */
export interface Resolved {
  readonly kind: 'resolved';
  readonly ending: 'accepted' | 'refused';
  readonly by: Resolver;
  readonly addresses: readonly AddressDecision[];
}

export type Resolver =
  | { readonly kind: 'reconciliation'; readonly evidence: RecordEvidence }
  | { readonly kind: 'person'; readonly person: string; readonly note: string };

/** The answer to a dry run: what would happen, from the same functions that would make it happen. */
export interface Preview {
  readonly decision: Decision;
  readonly body: InviteUsersRequest;
  readonly quotas: readonly QuotaPreview[];
  /** The quota that has too little left; null when all have enough. */
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
