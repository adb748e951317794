/**
 * Turns an outcome into the answer for the caller: status, body and header fields, without any HTTP framework. The same
 * answer is stored for replays of an Idempotency-Key. Pure. The text of a refusal comes from contract/problem.
 */
import type { ProblemCode, ProblemExtras } from '../contract/problem.ts';
import { problem } from '../contract/problem.ts';
import type { StoredReply } from '../ledger/port.ts';
import type { AddressDecision } from '../policy/decision.ts';
import type { ProxyFailure } from '../ports/http.ts';
import type { NotSent, Unknown } from '../upstream/failure.ts';
import type { Outcome, Preview, Sent } from './outcome.ts';

/**
 * An answer, independent of any HTTP framework. `reply` is also stored for replays. `code` and `origin` are null for a
 * success.
 */
export interface Answer {
  readonly reply: StoredReply;
  readonly code: ProblemCode | null;
  readonly origin: string | null;
}

/** Turns an outcome into the answer for the caller. `requestId` is the id of this request. */
export function answerOutcome(outcome: Outcome, requestId: string): Answer {
  const refuse = (code: ProblemCode, extras: ProblemExtras = {}, headers: Record<string, string> = {}): Answer => {
    const body = problem(code, requestId, extras);
    return {
      reply: { status: body.status, contentType: 'application/problem+json', body: JSON.stringify(body), headers },
      code,
      origin: body.origin,
    };
  };
  switch (outcome.kind) {
    case 'denied':
      return refuse('policy_denied', {
        decisions: outcome.decision.addresses,
        ...(outcome.decision.refusedBy === 'quota' ? { origin: 'quota', detail: LIMIT_ADVICE } : {}),
      });
    case 'exhausted':
      return refuse('quota_exhausted', { quota: outcome.quota.quota }, retryAfter(outcome.retryAfterS));
    case 'previewed':
      return succeed(200, JSON.stringify(previewBody(outcome.preview)));
    case 'replayed':
      return { reply: outcome.reply, code: null, origin: null };
    case 'in_flight':
      return refuse('idempotency_in_flight', {}, retryAfter(outcome.retryAfterS));
    case 'key_reused':
      return refuse('idempotency_key_reused');
    case 'reply_unreadable':
      return refuse(
        'internal_error',
        {
          detail: 'The stored answer cannot be read. Nothing was sent again; Content-Location names the first request.',
        },
        { 'Content-Location': `/v2/invite_requests/${outcome.firstRequestId}` },
      );
    case 'ledger_unavailable':
      return refuse('ledger_unavailable', {}, retryAfter(5));
    case 'accepted':
      if (outcome.withheld !== null)
        return refuse('upstream_response_withheld', { outcome: 'accepted', ...leftOutDecisions(outcome) });
      return succeedAs(outcome, outcome.status, outcome.body ?? '');
    case 'refused':
      return refuse('upstream_refused', {
        status: outcome.status,
        detail: outcome.message,
        outcome: 'refused',
        ...leftOutDecisions(outcome),
        ...(outcome.errors === null ? {} : { errors: outcome.errors }),
        ...(outcome.omittedErrors === undefined ? {} : { omitted: outcome.omittedErrors }),
      });
    case 'not_sent':
      return refuse(
        notSentCode(outcome.reason),
        { outcome: 'not_sent', ...OWN_FAILURES[outcome.reason], ...leftOutDecisions(outcome) },
        outcome.retryAfterS === null ? {} : retryAfter(outcome.retryAfterS),
      );
    case 'unknown':
      return refuse(unknownCode(outcome.reason), { outcome: 'unknown', ...leftOutDecisions(outcome) });
    case 'resolved':
      // Galileo documents its 200 as any JSON. Its real answer is lost.
      if (outcome.ending === 'accepted') return succeedAs(outcome, 200, 'null');
      return refuse('upstream_refused', {
        status: UNSPECIFIC_REFUSAL,
        detail: 'A person settled this request as refused by Galileo; its own answer was lost. Nothing was done.',
        outcome: 'refused',
        ...leftOutDecisions(outcome),
      });
    default:
      return outcome satisfies never;
  }
}

/** The outcomes that carry one decision per address. */
type WithDecisions = Pick<Sent, 'addresses'>;

/** Galileo's own status is lost. A client treats every 4xx that it does not know as a 400 (RFC 9110 §15). */
const UNSPECIFIC_REFUSAL = 400;

const LIMIT_ADVICE = 'Nothing was sent. The request alone exceeds a limit of the policy; split it into smaller ones.';

function succeed(status: number, body: string): Answer {
  return {
    reply: { status, contentType: body === '' ? null : 'application/json', body, headers: {} },
    code: null,
    origin: null,
  };
}

/**
 * Passes Galileo's answer on unchanged when all addresses were sent. Otherwise the answer is a 207 that lists the
 * refused addresses one by one and contains Galileo's JSON text unchanged.
 */
function succeedAs({ addresses }: WithDecisions, status: number, body: string): Answer {
  const refused = leftOut({ addresses });
  if (refused.length === 0) return succeed(status, body);
  const sent = addresses.filter(({ decision }) => decision === 'allow').map(({ email }) => email);
  const upstream = body === '' ? 'null' : body;
  const text = `{"sent":${JSON.stringify(sent)},"refused":${JSON.stringify(refused)},"upstream":${upstream}}`;
  const { reply, ...rest } = succeed(207, text);
  return { ...rest, reply: { ...reply, headers: { 'Preference-Applied': 'handling=lenient' } } };
}

/** The problem members about addresses that were left out before sending; none when all were sent. */
function leftOutDecisions(outcome: WithDecisions): ProblemExtras {
  return leftOut(outcome).length === 0 ? {} : { decisions: outcome.addresses };
}

function leftOut({ addresses }: WithDecisions): readonly AddressDecision[] {
  return addresses.filter(({ decision }) => decision === 'deny');
}

function retryAfter(seconds: number): Record<string, string> {
  return { 'Retry-After': String(seconds) };
}

const OUT_OF_ORDER: ProblemExtras = {
  origin: 'proxy',
  detail:
    'The egress proxy of this service does not connect it to Galileo. Nothing was sent; try again later. The operators of this service find the reason in its log.',
};

/** The proxy between this service and Galileo opened no tunnel. */
const PROXY_FAILED: Record<ProxyFailure, ProblemExtras> = {
  proxy_credentials_rejected: {
    origin: 'proxy',
    detail:
      'The egress proxy of this service wants credentials, or refuses those it got; the operators of this service must correct its HTTPS_PROXY. Nothing was sent.',
  },
  proxy_refused: {
    origin: 'proxy',
    detail:
      'The egress proxy of this service does not let it through to Galileo; the operators of this service must have it allowed. Nothing was sent.',
  },
  proxy_name_not_resolved: OUT_OF_ORDER,
  proxy_unreachable: OUT_OF_ORDER,
  proxy_tls_failed: OUT_OF_ORDER,
  proxy_timeout: OUT_OF_ORDER,
  proxy_target_unreachable: OUT_OF_ORDER,
  proxy_protocol_error: OUT_OF_ORDER,
  proxy_connection_lost: OUT_OF_ORDER,
};

/** The sentences for requests that were not sent because of this service, not because of Galileo. */
const OWN_FAILURES: Partial<Record<NotSent['reason'], ProblemExtras>> = {
  key_unavailable: {
    origin: 'proxy',
    detail: 'This service cannot read its key for Galileo; its operators must fix that. Nothing was sent.',
  },
  wrong_address: {
    origin: 'proxy',
    detail:
      "This service's GALILEO_API_URL does not lead to Galileo's invite endpoint; its operators must correct it. Nothing was sent.",
  },
  egress_refused: {
    origin: 'proxy',
    detail:
      'A proxy between this service and Galileo asked for credentials; the operators of this service must correct its configuration. Nothing was sent.',
  },
  ...PROXY_FAILED,
  client_closed: {
    origin: 'proxy',
    detail: 'This instance of the service is shutting down. Nothing was sent; try again.',
  },
  breaker_open: {
    origin: 'proxy',
    detail:
      'Requests to Galileo have been failing, so this service is not trying for a moment. Nothing was sent; try again later.',
  },
};

function notSentCode(reason: NotSent['reason']): ProblemCode {
  if (reason === 'credentials_rejected') return 'upstream_credentials_rejected';
  if (reason === 'wrong_address' || reason === 'egress_refused') return 'upstream_error';
  return reason === 'rate_limited' ? 'upstream_rate_limited' : 'upstream_unavailable';
}

function unknownCode(reason: Unknown['reason']): ProblemCode {
  return reason === 'redirect' || reason === 'server_error' ? 'upstream_error' : 'outcome_unknown';
}

function previewBody({ decision, body, quotas, shortOf }: Preview): object {
  const refusedBy = decision.refusedBy ?? (shortOf === null ? null : 'quota');
  return {
    dry_run: true,
    decision: refusedBy === null ? 'allow' : 'deny',
    refused_by: refusedBy,
    quota: decision.refusedBy === null ? shortOf : null,
    decisions: decision.addresses,
    forced: decision.forced,
    quotas: quotas.map(({ resetS, ...quota }) => ({ ...quota, reset_s: resetS })),
    body,
  };
}
