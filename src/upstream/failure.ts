import type { RecordAttempt } from '../audit/record.ts';
import { CONNECT_FAILURES, MAYBE_SENT_REASONS } from '../ports/http.ts';
import type { ProxyFailure } from '../ports/http.ts';

/**
 * The result of sending, independent of the HTTP answer and of the record. The kinds are those of docs/architecture.md,
 * "Endings": only a complete answer proves anything about the upstream.
 */
export type SendResult = (Accepted | Refused | NotSent | Unknown) & { readonly attempts: readonly RecordAttempt[] };

export interface Accepted {
  readonly kind: 'accepted';
  readonly status: number;
  /** The upstream's JSON text, unchanged; '' when it was empty; null when it was withheld. */
  readonly body: string | null;
  readonly withheld: WithheldReason | null;
}

/** A complete 4xx other than 401, 407, 408, 421, 426 and 429, and than a 404 or 405 that no handler of Galileo's gave. */
export interface Refused {
  readonly kind: 'refused';
  readonly status: number;
  /** The upstream's message, sanitised; a fixed sentence when there is none that can be shown. */
  readonly message: string;
  /** A 422 list without `input` and `ctx`, addresses redacted; null for every other shape. */
  readonly errors: readonly UpstreamValidationError[] | null;
  /** The number of errors that `errors` leaves out; absent when it lists all of them. */
  readonly omittedErrors?: number;
}

export interface UpstreamValidationError {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
}

/** Where no egress proxy is the cause. */
export const NOT_SENT_REASONS = [
  ...CONNECT_FAILURES,
  'breaker_open',
  /** The ledger confirmed the intent too late or not at all. It is on record, and nothing was sent. */
  'unconfirmed',
  'key_unavailable',
  /** Galileo refused the name and password, now or within the last hour. */
  'sign_in_refused',
  /** No token could be had, or another process is signing in. */
  'sign_in_failed',
  'credentials_rejected',
  'rate_limited',
  /** GALILEO_API_URL does not lead to Galileo's invite endpoint. */
  'wrong_address',
  /** A proxy between this service and Galileo asked for credentials. */
  'egress_refused',
] as const;

export interface NotSent {
  readonly kind: 'not_sent';
  readonly reason: (typeof NOT_SENT_REASONS)[number] | ProxyFailure;
  readonly upstreamStatus: number | null;
  /** From the upstream or from the breaker, in whole seconds. */
  readonly retryAfterS: number | null;
}

export const UNKNOWN_REASONS = [
  ...MAYBE_SENT_REASONS,
  'redirect',
  'request_timeout',
  'server_error',
  'unusable_response',
  'interrupted',
  'expired',
  'unrecorded',
] as const;

export interface Unknown {
  readonly kind: 'unknown';
  readonly reason: (typeof UNKNOWN_REASONS)[number];
  readonly upstreamStatus: number | null;
}

export type WithheldReason = 'contains_key';
