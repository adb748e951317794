/**
 * Turns an outcome into the answer for the caller: status, body and header fields, without any HTTP framework. The same
 * answer is stored for replays of an Idempotency-Key. Pure. The text of a refusal comes from contract/problem.
 */
import type { ProblemCode, ProblemExtras } from '../contract/problem.ts';
import { problem } from '../contract/problem.ts';
import type { RequestIds } from '../contract/validation-error.ts';
import type { MalformedEntry } from '../contract/read-invite.ts';
import type { StoredReply } from '../ledger/port.ts';
import type { AddressDecision } from '../policy/decision.ts';
import type { NotSent, Unknown } from '../upstream/failure.ts';
import type { Outcome, Preview, Sent } from './outcome.ts';
import { OWN_FAILURES } from './own-failures.ts';
import { deniedSentence, exhaustedSentence, unknownSentence } from './sentences.ts';

/**
 * An answer, independent of any HTTP framework. `reply` is also stored for replays. `code` and `origin` are null for a
 * success.
 */
export interface Answer {
  readonly reply: StoredReply;
  readonly code: ProblemCode | null;
  readonly origin: string | null;
}

/**
 * Turns an outcome into the answer for the caller. `ids` are those of this request; `malformed` are the entries of its
 * list that were left out.
 */
export function answerOutcome(outcome: Outcome, ids: RequestIds, malformed: readonly MalformedEntry[] = []): Answer {
  const refuse = (code: ProblemCode, extras: ProblemExtras = {}, headers: Record<string, string> = {}): Answer => {
    const body = problem(code, ids, extras);
    const { retryAfterS } = extras;
    return {
      reply: {
        status: body.status,
        contentType: 'application/problem+json',
        body: JSON.stringify(body),
        headers: { ...(retryAfterS === undefined ? {} : { 'Retry-After': String(retryAfterS) }), ...headers },
      },
      code,
      origin: body.origin,
    };
  };
  switch (outcome.kind) {
    case 'denied':
      return refuse('policy_denied', {
        decisions: decisionsOn(outcome.decision.addresses, malformed),
        detail: deniedSentence(outcome.decision, malformed),
        ...(outcome.decision.refusedBy === 'quota' ? { origin: 'quota' } : {}),
      });
    case 'exhausted':
      return refuse('quota_exhausted', {
        quota: outcome.quota.quota,
        detail: exhaustedSentence(outcome),
        retryAfterS: outcome.retryAfterS,
        ...(outcome.addresses.length === 0 ? {} : { decisions: decisionsOn(outcome.addresses, malformed) }),
      });
    case 'previewed':
      return succeed(200, JSON.stringify(previewBody(outcome.preview, malformed)));
    case 'replayed':
      return { reply: outcome.reply, code: null, origin: null };
    case 'in_flight':
      return refuse(
        'idempotency_in_flight',
        { retryAfterS: outcome.retryAfterS },
        contentLocation(outcome.firstRequestId),
      );
    case 'key_reused':
      return refuse('idempotency_key_reused');
    case 'reply_unreadable':
      return refuse(
        'internal_error',
        {
          detail: `Nothing was sent again, but the answer to the first request cannot be read. Look at ${pathOf(outcome.firstRequestId)}.`,
        },
        contentLocation(outcome.firstRequestId),
      );
    case 'ledger_unavailable':
      return refuse('ledger_unavailable', { retryAfterS: LEDGER_RETRY_AFTER_S });
    case 'accepted':
      if (outcome.withheld !== null)
        return refuse('upstream_response_withheld', { outcome: 'accepted', ...leftOutDecisions(outcome, malformed) });
      return succeedAs(outcome, malformed, { status: outcome.status, body: outcome.body ?? '' });
    case 'refused':
      return refuse('upstream_refused', {
        status: outcome.status,
        detail: outcome.message,
        outcome: 'refused',
        ...leftOutDecisions(outcome, malformed),
        ...(outcome.errors === null ? {} : { errors: outcome.errors }),
        ...(outcome.omittedErrors === undefined ? {} : { omitted: outcome.omittedErrors }),
      });
    case 'not_sent':
      return refuse(notSentCode(outcome.reason), {
        outcome: 'not_sent',
        ...OWN_FAILURES[outcome.reason],
        ...leftOutDecisions(outcome, malformed),
        ...(outcome.retryAfterS === null ? {} : { retryAfterS: outcome.retryAfterS }),
      });
    case 'unknown':
      return refuse(
        unknownCode(outcome.reason),
        {
          outcome: 'unknown',
          detail: unknownSentence(outcome),
          ...(OWN_DOUBTS.has(outcome.reason) ? { origin: 'proxy' } : {}),
          ...leftOutDecisions(outcome, malformed),
        },
        contentLocation(ids.requestId),
      );
    case 'resolved':
      // Galileo documents its 200 as any JSON. Its real answer is lost.
      if (outcome.ending === 'accepted') return succeedAs(outcome, malformed, { status: 200, body: 'null' });
      return refuse('upstream_refused', {
        status: UNSPECIFIC_REFUSAL,
        detail: 'A person settled this request as refused by Galileo; its own answer was lost. Nothing was done.',
        outcome: 'refused',
        ...leftOutDecisions(outcome, malformed),
      });
    default:
      return outcome satisfies never;
  }
}

/** The outcomes that carry one decision per address. */
type WithDecisions = Pick<Sent, 'addresses'>;

/** Galileo's own status is lost. A client treats every 4xx that it does not know as a 400 (RFC 9110 §15). */
const UNSPECIFIC_REFUSAL = 400;

/** Galileo is not the reason: its answer may have come, and this service has no record of it. */
const OWN_DOUBTS: ReadonlySet<Unknown['reason']> = new Set(['interrupted', 'expired', 'unrecorded']);

/** A failing disk or object is looked at again within seconds. */
const LEDGER_RETRY_AFTER_S = 5;

function succeed(status: number, body: string): Answer {
  return {
    reply: { status, contentType: body === '' ? null : 'application/json', body, headers: {} },
    code: null,
    origin: null,
  };
}

/**
 * Passes Galileo's answer on unchanged when all addresses were sent. Otherwise the answer is a 207 that lists the
 * refused entries one by one and contains Galileo's JSON text unchanged.
 */
function succeedAs(
  { addresses }: WithDecisions,
  malformed: readonly MalformedEntry[],
  { status, body }: { readonly status: number; readonly body: string },
): Answer {
  const refused = decisionsOn(leftOut({ addresses }), malformed);
  if (refused.length === 0) return succeed(status, body);
  const sent = addresses.filter(({ decision }) => decision === 'allow').map(({ email }) => email);
  const upstream = body === '' ? 'null' : body;
  const text = `{"sent":${JSON.stringify(sent)},"refused":${JSON.stringify(refused)},"upstream":${upstream}}`;
  const { reply, ...rest } = succeed(207, text);
  return { ...rest, reply: { ...reply, headers: { 'Preference-Applied': 'handling=lenient' } } };
}

/** The problem members about entries that were left out before sending; none when all were sent. */
function leftOutDecisions(outcome: WithDecisions, malformed: readonly MalformedEntry[]): ProblemExtras {
  const isWhole = leftOut(outcome).length + malformed.length === 0;
  return isWhole ? {} : { decisions: decisionsOn(outcome.addresses, malformed) };
}

/** First the addresses, in the order of the list, then the entries that are none. */
function decisionsOn(
  addresses: readonly AddressDecision[],
  malformed: readonly MalformedEntry[],
): NonNullable<ProblemExtras['decisions']> {
  return [...addresses, ...malformed.map((entry) => ({ decision: 'deny', ...entry }))];
}

function leftOut({ addresses }: WithDecisions): readonly AddressDecision[] {
  return addresses.filter(({ decision }) => decision === 'deny');
}

function pathOf(requestId: string): string {
  return `/v2/invite_requests/${requestId}`;
}

function contentLocation(requestId: string): Record<string, string> {
  return { 'Content-Location': pathOf(requestId) };
}

function notSentCode(reason: NotSent['reason']): ProblemCode {
  if (reason === 'credentials_rejected' || reason === 'sign_in_refused') return 'upstream_credentials_rejected';
  if (reason === 'wrong_address' || reason === 'egress_refused') return 'upstream_error';
  return reason === 'rate_limited' ? 'upstream_rate_limited' : 'upstream_unavailable';
}

function unknownCode(reason: Unknown['reason']): ProblemCode {
  return reason === 'redirect' || reason === 'server_error' ? 'upstream_error' : 'outcome_unknown';
}

function previewBody({ decision, body, quotas, shortOf }: Preview, malformed: readonly MalformedEntry[]): object {
  const refusedBy = decision.refusedBy ?? (shortOf === null ? null : 'quota');
  return {
    dry_run: true,
    decision: refusedBy === null ? 'allow' : 'deny',
    refused_by: refusedBy,
    quota: decision.refusedBy === null ? shortOf : null,
    decisions: decisionsOn(decision.addresses, malformed),
    forced: decision.forced,
    quotas: quotas.map(({ resetS, ...quota }) => ({ ...quota, reset_s: resetS })),
    body,
  };
}
