/**
 * Every refusal of the service (RFC 9457): one row per problem code. Only these rows decide the status. /openapi.json
 * and docs/problems.md are generated from them. `detail` is a plain string, because Galileo's own clients read it, and a
 * sentence that can be shown to people as it is: numbers, waits and ids are filled in.
 */
import { durationWords } from '../lib/text/duration-words.ts';
import type { RequestIds } from './validation-error.ts';
import { HEADER_LIMIT_BYTES } from '../lib/http/header-limit.ts';
import type { DecisionOnAddress, DecisionOnEntry } from './problem-decisions.ts';

export type ProblemOrigin = 'proxy' | 'policy' | 'quota' | 'upstream';

interface ProblemRow {
  /** Null: the upstream's own status. */
  readonly status: number | null;
  readonly origin: ProblemOrigin;
  /** Of some of its refusals (ProblemExtras.origin): the cause is another one. */
  readonly otherOrigin?: ProblemOrigin;
  readonly title: string;
  /**
   * What happened and what to do. It is the `detail`, unless ProblemExtras has a more specific one. `{request_id}` stands
   * for the id of the request.
   */
  readonly advice: string;
  /** The same request may work later. The `detail` ends with when, from the value of the Retry-After field. */
  readonly isTemporary?: true;
}

export const PROBLEMS = {
  malformed_request: {
    status: 400,
    origin: 'proxy',
    title: 'Malformed request',
    advice: 'This request cannot be read. Send a well-formed HTTP request whose body is UTF-8.',
  },
  idempotency_key_missing: {
    status: 400,
    origin: 'proxy',
    title: 'Idempotency-Key missing',
    advice: 'Nothing was sent. Send an Idempotency-Key field with each request; this deployment requires it.',
  },
  idempotency_key_malformed: {
    status: 400,
    origin: 'proxy',
    title: 'Idempotency-Key malformed',
    advice: 'Nothing was sent. Send one Idempotency-Key of 16 to 255 visible ASCII characters, quoted or bare.',
  },
  missing_token: {
    status: 401,
    origin: 'proxy',
    title: 'Missing token',
    advice:
      'You are not signed in: no access token came. Sign in, and send the token as Authorization: Bearer <token>.',
  },
  invalid_token: {
    status: 401,
    origin: 'proxy',
    title: 'Invalid token',
    advice: 'Sign in again for a fresh access token. If that does not help, ask the people who run this app.',
  },
  insufficient_scope: {
    status: 403,
    origin: 'proxy',
    title: 'Insufficient scope',
    advice: 'Your access token lacks a permission (scope) that this needs. Ask the people who run this app.',
  },
  person_required: {
    status: 403,
    origin: 'proxy',
    title: 'Person required',
    advice:
      'Nothing was changed: a person settles a request, with an access token of their own. This token does not show that it is of a person.',
  },
  policy_denied: {
    status: 403,
    origin: 'policy',
    otherOrigin: 'quota',
    title: 'Denied by policy',
    advice: 'Nothing was sent: the invite policy refused it. GET /v2/invite_policy says what you may do.',
  },
  not_found: {
    status: 404,
    origin: 'proxy',
    title: 'Not found',
    advice: 'There is nothing here by that name, or it is not yours. /openapi.json lists the routes.',
  },
  method_not_allowed: {
    status: 405,
    origin: 'proxy',
    title: 'Method not allowed',
    advice: 'This path does not take that method. Use one from the Allow field.',
  },
  request_timeout: {
    status: 408,
    origin: 'proxy',
    title: 'Request timeout',
    advice: 'The request did not arrive in time. Nothing was sent. Try again.',
  },
  idempotency_in_flight: {
    status: 409,
    origin: 'proxy',
    title: 'Still in flight',
    advice: 'The first request with this Idempotency-Key has not ended yet. Nothing was sent a second time.',
    isTemporary: true,
  },
  already_settled: {
    status: 409,
    origin: 'proxy',
    title: 'Already settled',
    advice: 'Nothing was changed: the outcome of this request is known. Only an unknown one can be settled.',
  },
  still_open: {
    status: 409,
    origin: 'proxy',
    title: 'Still open',
    advice: 'Nothing was changed: this request has not ended yet. Only an unknown outcome can be settled.',
    isTemporary: true,
  },
  body_too_large: {
    status: 413,
    origin: 'proxy',
    title: 'Body too large',
    advice: 'Nothing was sent: the request is larger than 65536 bytes. Split the invitation into smaller ones.',
  },
  unsupported_media_type: {
    status: 415,
    origin: 'proxy',
    title: 'Unsupported media type',
    advice: 'Nothing was sent. Send the body as application/json in UTF-8, without a Content-Encoding.',
  },
  header_fields_too_large: {
    status: 431,
    origin: 'proxy',
    title: 'Header fields too large',
    advice: `Nothing was sent. Send at most ${HEADER_LIMIT_BYTES / 1024} KiB of URL and header fields. Ask for a token with fewer groups, or delete the cookies of this site.`,
  },
  idempotency_key_reused: {
    status: 422,
    origin: 'proxy',
    title: 'Idempotency-Key reused',
    advice:
      'Nothing was sent: this Idempotency-Key was used for a different request. Use a new key for each new request.',
  },
  quota_exhausted: {
    status: 429,
    origin: 'quota',
    title: 'Quota exhausted',
    advice: 'Nothing was sent: a quota is used up.',
    isTemporary: true,
  },
  upstream_rate_limited: {
    status: 429,
    origin: 'upstream',
    title: 'Rate limited upstream',
    advice: 'Galileo asked for fewer requests. Nothing was done.',
    isTemporary: true,
  },
  upstream_refused: {
    status: null,
    origin: 'upstream',
    title: 'Refused upstream',
    advice: 'Galileo refused the invitation. Nothing was done.',
  },
  internal_error: {
    status: 500,
    origin: 'proxy',
    title: 'Internal error',
    advice: 'Something failed in this service. Quote the request id {request_id} when you report it.',
  },
  upstream_credentials_rejected: {
    status: 502,
    origin: 'upstream',
    title: 'Upstream credentials rejected',
    advice:
      'Nothing was done: Galileo rejected the key of this service, not your token. The operators of this service must renew it.',
  },
  upstream_error: {
    status: 502,
    origin: 'upstream',
    otherOrigin: 'proxy',
    title: 'Upstream error',
    advice:
      'Galileo answered with an error. The invitation may or may not have been done. Do not send it again before you know what became of request {request_id}.',
  },
  upstream_response_withheld: {
    status: 502,
    origin: 'upstream',
    title: 'Upstream response withheld',
    advice:
      'Galileo accepted the invitation. Do not send it again. Its answer is not shown, because it held something that must not leave this service.',
  },
  ledger_unavailable: {
    status: 503,
    origin: 'proxy',
    title: 'Ledger unavailable',
    advice: 'Nothing was sent, because the request could not be put on record.',
    isTemporary: true,
  },
  identity_keys_unavailable: {
    status: 503,
    origin: 'proxy',
    title: 'Identity keys unavailable',
    advice: 'Nothing was sent: the keys of the identity provider cannot be fetched, so no token can be checked.',
    isTemporary: true,
  },
  upstream_unavailable: {
    status: 503,
    origin: 'upstream',
    otherOrigin: 'proxy',
    title: 'Upstream unavailable',
    advice: 'Galileo could not be reached. Nothing was sent.',
    isTemporary: true,
  },
  overloaded: {
    status: 503,
    origin: 'proxy',
    title: 'Overloaded',
    advice: 'There are too many requests at once. Nothing was sent.',
    isTemporary: true,
  },
  outcome_unknown: {
    status: 504,
    origin: 'upstream',
    otherOrigin: 'proxy',
    title: 'Outcome unknown',
    advice:
      'The invitation may or may not have been done. Do not send it again before you know what became of request {request_id}.',
  },
} as const satisfies Record<string, ProblemRow>;

export type ProblemCode = keyof typeof PROBLEMS;

/** What a single problem can add to its row, or replace in it. */
export interface ProblemExtras {
  /** Replaces the row's advice. */
  readonly detail?: string;
  /** The value of the Retry-After field beside the body. */
  readonly retryAfterS?: number | undefined;
  /** The status, for a row whose own status is null. */
  readonly status?: number;
  /** Replaces the row's origin: a limit per request is denied by the quota. */
  readonly origin?: ProblemOrigin;
  readonly outcome?: 'refused' | 'not_sent' | 'unknown' | 'accepted';
  readonly decisions?: readonly (DecisionOnAddress | DecisionOnEntry)[];
  readonly quota?: string;
  readonly errors?: readonly unknown[];
  /** The number of errors that `errors` leaves out. */
  readonly omitted?: number;
}

export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly origin: ProblemOrigin;
  readonly request_id: string;
  readonly trace_id?: string;
  readonly [extra: string]: unknown;
}

/** Builds the RFC 9457 body for a code. */
export function problem(code: ProblemCode, { requestId, traceId }: RequestIds, extras: ProblemExtras = {}): Problem {
  const row: ProblemRow = PROBLEMS[code];
  const { detail, retryAfterS, status, origin, ...rest } = extras;
  const sentence = (detail ?? row.advice).replaceAll('{request_id}', requestId);
  return {
    type: 'about:blank',
    title: row.title,
    status: row.status ?? status ?? 502,
    detail: row.isTemporary === true ? `${sentence} ${whenAgain(retryAfterS)}` : sentence,
    code,
    origin: origin ?? row.origin,
    request_id: requestId,
    ...(traceId === undefined ? {} : { trace_id: traceId }),
    ...rest,
  };
}

/** `undefined`: there is no Retry-After field. */
export function whenAgain(retryAfterS: number | undefined): string {
  return retryAfterS === undefined ? 'Try again later.' : `Try again in ${durationWords(retryAfterS)}.`;
}
