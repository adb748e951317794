/**
 * The audit record: who asked for what, under which policy, and what came of it.
 * docs/audit.md describes every field. A draft is what the use case knows; the ledger adds
 * `seq`, `id`, `time`, `prev` and `hash` inside the transaction that makes it durable.
 * Names are snake_case because this is a wire format.
 */
export interface AuditRecord extends Readonly<RecordDraft> {
  /** From 1, over the whole ledger, gap-free. */
  readonly seq: number;
  /** UUIDv7 of this record. */
  readonly id: string;
  /** RFC 3339, UTC, milliseconds; the ledger's clock. */
  readonly time: string;
  /** `hash` of the record before, 64 zeros for the first. */
  readonly prev: string;
  /** SHA-256 over the RFC 8785 form of the record without this member. */
  readonly hash: string;
}

export const RECORD_KINDS = ['denial', 'intent', 'outcome', 'replay', 'dry_run', 'reconciliation'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

export interface RecordDraft {
  readonly kind: RecordKind;
  /** The request's X-Request-Id (UUIDv7). Intent and outcome of one request share it. */
  readonly request_id: string;
  /** SHA-256 of the exact bytes sent (or ready to be sent) upstream; absent where no bytes exist. */
  readonly request_sha256?: string;
  readonly actor: RecordActor;
  readonly source: RecordSource;
  readonly request: RecordRequest;
  readonly policy: RecordPolicy;
  readonly outcome: RecordOutcome;
  readonly service: RecordService;
}

export interface RecordActor {
  readonly issuer: string;
  readonly issuer_url: string;
  readonly subject: string;
  readonly client_id: string;
  readonly kind: 'user' | 'app';
  readonly token_id?: string;
}

export interface RecordSource {
  /** Null when the platform cannot tell. */
  readonly address: string | null;
  readonly user_agent?: string;
  readonly origin?: string;
}

export interface RecordRequest {
  readonly method: string;
  readonly path: string;
  /** The caller's addresses exactly as given; left out of dry-run records. */
  readonly emails?: readonly string[];
  readonly email_count: number;
  readonly auth_method: string;
  readonly role: string;
  readonly group_ids: readonly string[];
  readonly send_email: boolean;
  /** SHA-256 of the Idempotency-Key; the key itself is the caller's. */
  readonly idempotency_key_sha256?: string;
}

export interface RecordPolicy {
  /** SHA-256 (hex) of the canonical policy, as in the Policy-Digest field. */
  readonly digest: string;
  readonly verdict: 'allow' | 'deny';
  /** Decisions grouped by what decided. */
  readonly decisions: readonly RecordDecision[];
  readonly forced: readonly { readonly rule: string; readonly field: string; readonly value: unknown }[];
}

/** `emails` stands where there is more than one decision; a single one is about all of `request.emails`. */
export interface RecordDecision {
  readonly decision: 'allow' | 'deny';
  readonly rule: string | null;
  readonly because: readonly string[];
  readonly emails?: readonly string[];
  readonly email_count: number;
}

/** What became of it; which members stand depends on the record's `kind`. */
export interface RecordOutcome {
  /** `admitted` (intent), `denied`, `accepted`, `refused`, `not_sent`, `unknown`, `replayed`, `previewed`. */
  readonly result: 'admitted' | 'denied' | 'accepted' | 'refused' | 'not_sent' | 'unknown' | 'replayed' | 'previewed';
  /** The problem code of the answer, where it was a problem. */
  readonly code?: string;
  /** The status of the answer to the caller. */
  readonly status?: number;
  /** Why, as a stable snake_case word. */
  readonly reason?: string;
  /** The quota that refused. */
  readonly quota?: string;
  /** Intent: when this turns into `unknown` by itself. RFC 3339. */
  readonly expires_at?: string;
  /** Replay: the request whose answer was replayed. */
  readonly first_request_id?: string;
  /** Status of the last complete upstream answer. */
  readonly upstream_status?: number;
  readonly attempts?: readonly RecordAttempt[];
  /** Why the upstream's body was withheld from the caller. */
  readonly withheld?: string;
  /** `exchange` (the request itself) or `sweep` (its intent expired). */
  readonly settled_by?: 'exchange' | 'sweep';
}

/** One exchange with the upstream. */
export interface RecordAttempt {
  readonly slot: 'current' | 'next';
  /** First 12 hex digits of SHA-256 over a label and the key: tells keys apart, reveals nothing. */
  readonly key_fingerprint: string;
  readonly result: 'answered' | 'maybe_sent' | 'not_sent';
  readonly status?: number;
  readonly reason?: string;
  readonly duration_ms: number;
}

export interface RecordService {
  readonly name: string;
  readonly version: string;
  readonly runtime: string;
  readonly instance: string;
}
