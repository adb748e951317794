/**
 * Every way a request to send invites can end, as one union. One exhaustive switch turns an ending
 * into an answer, another into the record: an ending that is not audited, or not answered, does not compile.
 * The table in docs/architecture.md, "Endings", says which proof each one needs.
 */
import type { RecordEvidence, RecordOutcome } from '../audit/record.ts';
import type { ProblemCode, ProblemExtras } from '../contract/problem.ts';
import { problem } from '../contract/problem.ts';
import type { InviteUsersRequest } from '../contract/invite-users.ts';
import type { QuotaState, StoredReply } from '../ledger/port.ts';
import type { AddressDecision, Decision } from '../policy/decision.ts';
import type { NotSent, SendResult, Unknown } from '../upstream/failure.ts';

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

/** Endings that leave no record of their own: they decide nothing, and whoever has a token could repeat them for ever. */
type Unrecorded = 'in_flight' | 'key_reused' | 'ledger_unavailable';

/** What the record needs of an ending; the ledger adds what only it knows (which quota, which first request). */
export type RecordedEnding =
  | { readonly kind: 'admitted' }
  | { readonly [K in Undetailed]: { readonly kind: K } }[Undetailed]
  | SendResult
  | Omit<Resolved, 'addresses'>
  /** A look at Galileo's users that proved nothing: the outcome stays unknown. */
  | { readonly kind: 'looked'; readonly evidence: RecordEvidence };

/** Endings of which the record needs no more than the kind. */
type Undetailed = Exclude<Outcome['kind'], Unrecorded | SendResult['kind'] | 'resolved'>;

/** Turns an ending into the `outcome` of its record. `answer` is null while there is none yet. */
export function recordOutcome(ending: RecordedEnding, answer: Answer | null): RecordOutcome {
  const told =
    answer === null ? {} : { status: answer.reply.status, ...(answer.code === null ? {} : { code: answer.code }) };
  switch (ending.kind) {
    case 'admitted':
      return { result: 'admitted' };
    case 'denied':
      return { result: 'denied', ...told };
    case 'exhausted':
      return { result: 'denied', code: 'quota_exhausted', status: 429 };
    case 'previewed':
      return { result: 'previewed', ...told };
    case 'replayed':
      return { result: 'replayed' };
    case 'accepted':
      return {
        result: 'accepted',
        ...told,
        upstream_status: ending.status,
        ...(ending.withheld === null ? {} : { withheld: ending.withheld }),
        attempts: ending.attempts,
      };
    case 'refused':
      return { result: 'refused', ...told, upstream_status: ending.status, attempts: ending.attempts };
    case 'not_sent':
    case 'unknown':
      return {
        result: ending.kind,
        ...told,
        reason: ending.reason,
        ...(ending.upstreamStatus === null ? {} : { upstream_status: ending.upstreamStatus }),
        attempts: ending.attempts,
      };
    case 'resolved':
      return { result: ending.ending, ...told, ...recordResolver(ending.by) };
    case 'looked':
      return { result: 'unknown', evidence: ending.evidence };
    default:
      return ending satisfies never;
  }
}

function recordResolver(by: Resolver): Pick<RecordOutcome, 'settled_by' | 'evidence' | 'person' | 'note'> {
  switch (by.kind) {
    case 'reconciliation':
      return { settled_by: 'reconciliation', evidence: by.evidence };
    case 'person':
      return { settled_by: 'person', person: by.person, note: by.note };
    default:
      return by satisfies never;
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
