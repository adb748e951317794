/**
 * Every refusal of the service (RFC 9457): one row per problem code. Only these rows decide the status. /openapi.json
 * and docs/problems.md are generated from them. `detail` is a plain string, because Galileo's own clients read it.
 */
import { HEADER_LIMIT_BYTES } from '../lib/header-limit.ts';

export type ProblemOrigin = 'proxy' | 'policy' | 'quota' | 'upstream';

interface ProblemRow {
  /** Null: the upstream's own status. */
  readonly status: number | null;
  readonly origin: ProblemOrigin;
  readonly title: string;
  /** What the caller should do. It is the `detail`, unless ProblemExtras has a more specific one. */
  readonly advice: string;
}

export const PROBLEMS = {
  malformed_request: {
    status: 400,
    origin: 'proxy',
    title: 'Malformed request',
    advice: 'Send a well-formed HTTP request whose body is UTF-8.',
  },
  idempotency_key_missing: {
    status: 400,
    origin: 'proxy',
    title: 'Idempotency-Key missing',
    advice: 'Send an Idempotency-Key field with each request; this deployment requires it.',
  },
  idempotency_key_malformed: {
    status: 400,
    origin: 'proxy',
    title: 'Idempotency-Key malformed',
    advice: 'Send one Idempotency-Key of 16 to 255 visible ASCII characters, quoted or bare.',
  },
  missing_token: {
    status: 401,
    origin: 'proxy',
    title: 'Missing token',
    advice: 'Send an access token: Authorization: Bearer <token>.',
  },
  invalid_token: {
    status: 401,
    origin: 'proxy',
    title: 'Invalid token',
    advice: 'Fetch a fresh access token for this service and try again.',
  },
  insufficient_scope: {
    status: 403,
    origin: 'proxy',
    title: 'Insufficient scope',
    advice: 'Ask your identity provider for a token with the required scope.',
  },
  policy_denied: {
    status: 403,
    origin: 'policy',
    title: 'Denied by policy',
    advice:
      'Nothing was sent. See `decisions` for the rule and what failed, and GET /v2/invite_policy for what you may do.',
  },
  not_found: {
    status: 404,
    origin: 'proxy',
    title: 'Not found',
    advice: 'Nothing here by that name, or not yours. /openapi.json lists the routes.',
  },
  method_not_allowed: {
    status: 405,
    origin: 'proxy',
    title: 'Method not allowed',
    advice: 'Use a method from the Allow field.',
  },
  request_timeout: {
    status: 408,
    origin: 'proxy',
    title: 'Request timeout',
    advice: 'The request did not arrive in time. Nothing was sent; try again.',
  },
  idempotency_in_flight: {
    status: 409,
    origin: 'proxy',
    title: 'Still in flight',
    advice: 'The first request with this Idempotency-Key has not ended yet. Ask again after Retry-After seconds.',
  },
  body_too_large: {
    status: 413,
    origin: 'proxy',
    title: 'Body too large',
    advice: 'Send at most 65536 bytes; split the invitation into smaller batches.',
  },
  unsupported_media_type: {
    status: 415,
    origin: 'proxy',
    title: 'Unsupported media type',
    advice: 'Send the body as application/json in UTF-8, without a Content-Encoding.',
  },
  header_fields_too_large: {
    status: 431,
    origin: 'proxy',
    title: 'Header fields too large',
    advice: `Send at most ${HEADER_LIMIT_BYTES / 1024} KiB of URL and header fields. Ask for a token with fewer groups, or delete the cookies of this site.`,
  },
  idempotency_key_reused: {
    status: 422,
    origin: 'proxy',
    title: 'Idempotency-Key reused',
    advice: 'This key was used for a different request. Use a new key for each new request.',
  },
  quota_exhausted: {
    status: 429,
    origin: 'quota',
    title: 'Quota exhausted',
    advice: 'Nothing was sent. Try again after Retry-After seconds, or ask for a higher quota.',
  },
  upstream_rate_limited: {
    status: 429,
    origin: 'upstream',
    title: 'Rate limited upstream',
    advice: 'Galileo asked for fewer requests. Nothing was done; try again later.',
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
    advice: 'Something failed here. Quote the request_id when you report it.',
  },
  upstream_credentials_rejected: {
    status: 502,
    origin: 'upstream',
    title: 'Upstream credentials rejected',
    advice:
      'Galileo rejected the credentials of this service, not your token. Its operators must renew the key. Nothing was done.',
  },
  upstream_error: {
    status: 502,
    origin: 'upstream',
    title: 'Upstream error',
    advice:
      'Galileo answered with an error; whether the invitation was done is not known. Do not simply repeat it: look at GET /v2/invite_requests/{request_id}.',
  },
  upstream_response_withheld: {
    status: 502,
    origin: 'upstream',
    title: 'Upstream response withheld',
    advice: 'Galileo accepted the invitation, but its answer held something that must not leave this service.',
  },
  ledger_unavailable: {
    status: 503,
    origin: 'proxy',
    title: 'Ledger unavailable',
    advice: 'The request could not be put on record, so nothing was sent. Try again later.',
  },
  identity_keys_unavailable: {
    status: 503,
    origin: 'proxy',
    title: 'Identity keys unavailable',
    advice:
      'The keys of the identity provider cannot be fetched right now, so no token can be checked. Try again later.',
  },
  upstream_unavailable: {
    status: 503,
    origin: 'upstream',
    title: 'Upstream unavailable',
    advice: 'Galileo could not be reached. Nothing was sent; try again later.',
  },
  overloaded: {
    status: 503,
    origin: 'proxy',
    title: 'Overloaded',
    advice: 'Too many requests at once. Nothing was sent; try again after Retry-After seconds.',
  },
  outcome_unknown: {
    status: 504,
    origin: 'upstream',
    title: 'Outcome unknown',
    advice:
      'The invitation may or may not have been done, and will not be repeated by itself. Look at GET /v2/invite_requests/{request_id}.',
  },
} as const satisfies Record<string, ProblemRow>;

export type ProblemCode = keyof typeof PROBLEMS;

/** What a single problem can add to its row, or replace in it. */
export interface ProblemExtras {
  /** Replaces the row's advice. */
  readonly detail?: string;
  /** The status, for a row whose own status is null. */
  readonly status?: number;
  /** Replaces the row's origin: a limit per request is denied by the quota. */
  readonly origin?: ProblemOrigin;
  readonly outcome?: 'refused' | 'not_sent' | 'unknown' | 'accepted';
  readonly decisions?: readonly {
    readonly email: string;
    readonly decision: string;
    readonly rule: string | null;
    readonly because: readonly string[];
    readonly message: string;
  }[];
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
  readonly [extra: string]: unknown;
}

/** Builds the RFC 9457 body for a code. `request_id` is the request's own id. */
export function problem(code: ProblemCode, requestId: string, extras: ProblemExtras = {}): Problem {
  const row: ProblemRow = PROBLEMS[code];
  const { detail, status, origin, ...rest } = extras;
  return {
    type: 'about:blank',
    title: row.title,
    status: row.status ?? status ?? 502,
    detail: detail ?? row.advice,
    code,
    origin: origin ?? row.origin,
    request_id: requestId,
    ...rest,
  };
}
