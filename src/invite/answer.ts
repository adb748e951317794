/**
 * Turns an ending into the answer its caller reads: status, body and header fields, without any HTTP framework. The same
 * answer is stored for replays of an Idempotency-Key. Pure; the words of a refusal come from contract/problem.
 */
import type { ProblemCode, ProblemExtras } from '../contract/problem.ts';
import { problem } from '../contract/problem.ts';
import type { StoredReply } from '../ledger/port.ts';
import type { AddressDecision } from '../policy/decision.ts';
import type { NotSent, Unknown } from '../upstream/failure.ts';
import type { Outcome, Preview, Sent } from './outcome.ts';

/** An answer, before any HTTP framework: also what is stored for replays. `code` is null for a success. */
export interface Answer {
  readonly reply: StoredReply;
  readonly code: ProblemCode | null;
  readonly origin: string | null;
}

/** Turns an ending into the answer its caller reads. `requestId` is the request's own id. */
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
    case 'ledger_unavailable':
      return refuse('ledger_unavailable', {}, retryAfter(5));
    case 'accepted':
      if (outcome.withheld !== null)
        return refuse('upstream_response_withheld', { outcome: 'accepted', ...partly(outcome) });
      return succeedAs(outcome, outcome.status, outcome.body ?? '');
    case 'refused':
      return refuse('upstream_refused', {
        status: outcome.status,
        detail: outcome.message,
        outcome: 'refused',
        ...partly(outcome),
        ...(outcome.errors === null ? {} : { errors: outcome.errors }),
      });
    case 'not_sent':
      return refuse(
        notSentCode(outcome.reason),
        { outcome: 'not_sent', ...OUR_FAULTS[outcome.reason], ...partly(outcome) },
        outcome.retryAfterS === null ? {} : retryAfter(outcome.retryAfterS),
      );
    case 'unknown':
      return refuse(unknownCode(outcome.reason), { outcome: 'unknown', ...partly(outcome) });
    case 'resolved':
      // Galileo documents its 200 as any JSON; what it really answered is lost.
      if (outcome.ending === 'accepted') return succeedAs(outcome, 200, 'null');
      return refuse('upstream_refused', {
        status: UNSPECIFIC_REFUSAL,
        detail: 'A person settled this request as refused by Galileo; its own answer was lost. Nothing was done.',
        outcome: 'refused',
        ...partly(outcome),
      });
    default:
      return outcome satisfies never;
  }
}

/** An ending that goes by decisions, address by address. */
type Handled = Pick<Sent, 'addresses'>;

/** What a client must take any 4xx for that it does not know (RFC 9110 §15): which one Galileo gave is lost. */
const UNSPECIFIC_REFUSAL = 400;

const LIMIT_ADVICE = 'Nothing was sent. The request alone exceeds a limit of the policy; split it into smaller ones.';

function succeed(status: number, body: string): Answer {
  return {
    reply: { status, contentType: body === '' ? null : 'application/json', body, headers: {} },
    code: null,
    origin: null,
  };
}

/** As it came where all were sent. 207 where only some were: the others are refused one by one, the JSON goes in as it came. */
function succeedAs({ addresses }: Handled, status: number, body: string): Answer {
  const refused = leftOut({ addresses });
  if (refused.length === 0) return succeed(status, body);
  const sent = addresses.filter(({ decision }) => decision === 'allow').map(({ email }) => email);
  const upstream = body === '' ? 'null' : body;
  const text = `{"sent":${JSON.stringify(sent)},"refused":${JSON.stringify(refused)},"upstream":${upstream}}`;
  const { reply, ...rest } = succeed(207, text);
  return { ...rest, reply: { ...reply, headers: { 'Preference-Applied': 'handling=lenient' } } };
}

/** What a problem says of the addresses that were left out before sending; nothing where none were. */
function partly(outcome: Handled): ProblemExtras {
  return leftOut(outcome).length === 0 ? {} : { decisions: outcome.addresses };
}

function leftOut({ addresses }: Handled): readonly AddressDecision[] {
  return addresses.filter(({ decision }) => decision === 'deny');
}

function retryAfter(seconds: number): Record<string, string> {
  return { 'Retry-After': String(seconds) };
}

/** Why nothing was sent, where the reason lies here and not with Galileo. */
const OUR_FAULTS: Partial<Record<NotSent['reason'], ProblemExtras>> = {
  key_unavailable: {
    origin: 'proxy',
    detail: 'This service cannot read its key for Galileo; its operators must mend that. Nothing was sent.',
  },
  client_closed: {
    origin: 'proxy',
    detail: 'This instance of the service is shutting down. Nothing was sent; try again.',
  },
  breaker_open: {
    origin: 'proxy',
    detail: 'Galileo has been failing, so this service is not trying for a moment. Nothing was sent; try again later.',
  },
};

function notSentCode(reason: NotSent['reason']): ProblemCode {
  if (reason === 'credentials_rejected') return 'upstream_credentials_rejected';
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
