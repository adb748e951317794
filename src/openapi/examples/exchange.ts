import type { ProblemCode, ProblemExtras } from '../../contract/problem.ts';
import { problem } from '../../contract/problem.ts';
import type { ValidationError } from '../../contract/validation-error.ts';
import { invalidRequest } from '../../contract/validation-error.ts';
import type { HeaderName } from '../header-fields.ts';
import { ANSWER_ID, ANSWER_TRACE_ID, DIGEST } from './ids.ts';

/**
 * One example: a request and its answer, whole. /openapi.json publishes the body of the request and of the answer under
 * `name`. A test sends every request and compares the answer, so an example is always what the service says. Ids and
 * digests stand for whatever they are in reality; all else is literal. The time is 10:00 UTC on 2 March 2026.
 */
export interface ExampleExchange {
  readonly operationId: OperationId;
  /** Unique among the answers of one status of an operation. For a refusal its code. */
  readonly name: string;
  /** For people, in one line. */
  readonly summary: string;
  readonly request: ExampleRequest;
  readonly answer: ExampleAnswer;
}

export interface ExampleRequest {
  readonly method: 'GET' | 'POST';
  /** With the query. */
  readonly path: string;
  /** TOKEN in `Authorization` stands for an access token. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. Left out: there is no body, or `also` says what it is. */
  readonly body?: unknown;
  /** In words: what the request has that is too long for an example, or no text. */
  readonly also?: string;
}

export interface ExampleAnswer {
  readonly status: number;
  /** All fields that /openapi.json describes, and Content-Type. */
  readonly headers: Readonly<Partial<Record<HeaderName | 'Content-Type', string>>>;
  /** JSON; of NDJSON the list of its lines. Left out: the body is empty. */
  readonly body?: unknown;
}

export type OperationId =
  | 'inviteUsers'
  | 'getInvitePolicy'
  | 'listInviteRequests'
  | 'getInviteRequest'
  | 'settleInviteRequest'
  | 'getAuditRecords'
  | 'searchAuditRecords'
  | 'countAuditRecords'
  | 'getAuditStatus'
  | 'getAuditPolicy'
  | 'getOpenApi'
  | 'getLiveness'
  | 'getReadiness'
  | 'getProtectedResource';

/** Stands for an access token that may do what the operation does. */
export const TOKEN = 'TOKEN';

const AUTHORIZED = { Authorization: `Bearer ${TOKEN}` };

export function get(path: string, headers: Readonly<Record<string, string>> = AUTHORIZED): ExampleRequest {
  return { method: 'GET', path, headers };
}

export function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): ExampleRequest {
  return { method: 'POST', path, headers: { ...AUTHORIZED, 'Content-Type': 'application/json', ...headers }, body };
}

const ANSWER = { requestId: ANSWER_ID, traceId: ANSWER_TRACE_ID };

type Fields = Omit<ExampleAnswer['headers'], 'Content-Type'>;

const EVERY: Fields = {
  'X-Request-Id': ANSWER_ID,
  'Policy-Digest': `sha256:${DIGEST}`,
  Vary: 'Origin, Prefer',
  'Cache-Control': 'no-store',
};

export function answer(
  status: number,
  body: unknown,
  fields: Fields = {},
  mediaType: string = 'application/json',
): ExampleAnswer {
  return { status, headers: { ...EVERY, 'Content-Type': mediaType, ...fields }, body };
}

/** The 422 of a body or query that does not fit. */
export function invalid(...errors: readonly ValidationError[]): ExampleAnswer {
  return answer(422, invalidRequest(errors, ANSWER));
}

export function emptyAnswer(status: number, fields: Fields = {}): ExampleAnswer {
  return { status, headers: { ...EVERY, ...fields } };
}

/** A query parameter that there is not. */
export function extraInQuery(name: string): ExampleAnswer {
  return invalid({ type: 'extra_forbidden', loc: ['query', name], msg: 'Extra inputs are not permitted' });
}

export function refusal(code: ProblemCode, extras: ProblemExtras = {}, fields: Fields = {}): ExampleAnswer {
  const body = problem(code, ANSWER, extras);
  const { retryAfterS } = extras;
  const when = retryAfterS === undefined ? {} : { 'Retry-After': String(retryAfterS) };
  return answer(body.status, body, { ...when, ...fields }, 'application/problem+json');
}
