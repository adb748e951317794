/** Turns a refusal of the service, or its silence, into the error that a call throws. */
import type { Problem, ValidationError } from '../api-types.ts';
import type { Answered, Lost } from './attempt.ts';
import { retryAfterOf } from './retry-after.ts';
import type { ProblemFacts } from '../problems.ts';
import {
  InvalidRequest,
  InviteProblem,
  OutcomeUnknown,
  PolicyDenied,
  QuotaExhausted,
  sentenceOf,
  ServiceUnreachable,
} from '../problems.ts';

/** `idempotencyKey`: of an invitation; null for a call that changes nothing. */
export function problemOf({ status, headers, body }: Answered, idempotencyKey: string | null): InviteProblem {
  const members = body as Partial<Omit<Problem, 'detail'>> & { readonly detail?: unknown };
  const { code = '', title = '', origin = '', outcome, decisions, detail } = members;
  const isInFlight = code === 'idempotency_in_flight';
  const isUnknown = idempotencyKey !== null && (outcome === 'unknown' || isInFlight || code === 'internal_error');
  const location = /[^/]+$/.exec(headers.get('Content-Location') ?? '')?.[0];
  // The id of a 409 is of the repeat. The request to wait for is the first one.
  const ownId = isInFlight ? null : (members.request_id ?? null);
  const errors = Array.isArray(detail) ? (detail as readonly ValidationError[]) : null;
  const facts: ProblemFacts = {
    ...{ status, code, title, origin, idempotencyKey },
    detail: errors === null ? String(detail) : errors.map(({ msg }) => sentenceOf(msg)).join('. '),
    requestId: (isUnknown ? location : undefined) ?? ownId,
    traceId: members.trace_id ?? null,
    outcome: isUnknown ? 'unknown' : (outcome ?? null),
    retryAfterMs: retryAfterOf(headers),
    decisions: decisions ?? [],
    body: body as ProblemFacts['body'],
  };
  if (isUnknown) return new OutcomeUnknown(facts);
  if (errors !== null) return new InvalidRequest(facts, errors);
  if (code === 'policy_denied') return new PolicyDenied(facts);
  return code === 'quota_exhausted' ? new QuotaExhausted(facts) : new InviteProblem(facts);
}

const NO_ANSWER = 'The invite service could not be reached.';
const MAYBE_DONE = 'The invite service gave no answer: the invitation may or may not have been done.';
const SAME_KEY = 'Try it again: the same invitation is not done twice.';

/** `mayBeDone`: an attempt may have arrived. `cause`: the last failure. */
export function unreachable(
  { status }: Answered | Lost,
  { idempotencyKey, traceId }: Pick<ProblemFacts, 'idempotencyKey' | 'traceId'>,
  mayBeDone: boolean,
  cause: unknown,
): ServiceUnreachable {
  const isUnknown = idempotencyKey !== null && mayBeDone;
  const signIn = status === 401 ? ' Sign in again first.' : '';
  const facts: ProblemFacts = {
    ...{ status, idempotencyKey, traceId, requestId: null, retryAfterMs: null, decisions: [], body: null },
    ...{ code: 'service_unreachable', title: 'Service unreachable', origin: 'network' },
    detail: isUnknown ? `${MAYBE_DONE} ${SAME_KEY}${signIn}` : `${NO_ANSWER} Try again later.`,
    outcome: isUnknown ? 'unknown' : idempotencyKey === null ? null : 'not_sent',
  };
  return new ServiceUnreachable(facts, cause === undefined ? undefined : { cause });
}
