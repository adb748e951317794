/**
 * The use case of sending invites: decide, admit, send, settle. Invariant: nothing is sent upstream before the intent
 * is in the ledger, and the caller is not answered before the outcome is there. Independent of any HTTP framework.
 */
import { sha256Hex } from '../lib/sha256.ts';
import type { Admission, Admitted, Ledger, QuotaState, RecordBase } from '../ledger/port.ts';
import type { Decision } from '../policy/decision.ts';
import { decide } from '../policy/evaluate.ts';
import type { Background } from '../ports/background.ts';
import type { Clock } from '../ports/clock.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { SendResult } from '../upstream/failure.ts';
import type { RedactCallerTextDeps } from './redact-caller-text.ts';
import { redactCallerText } from './redact-caller-text.ts';
import type { InviteAnswer, InviteCall } from './call.ts';
import { toInviteAnswer, ownerOf } from './call.ts';
import { canonicalBody, requestFingerprint } from './canonical.ts';
import type { CompareShadowDeps } from './compare-shadow.ts';
import { createCompareShadow } from './compare-shadow.ts';
import type { Outcome, Sent } from './outcome.ts';
import { answerOutcome } from './answer.ts';
import { emailsInRecord, recordBase, recordOutcome } from './record.ts';
import type { SettleDeps } from './settle-outcome.ts';
import { settleOutcome } from './settle-outcome.ts';

export interface SendInvitesDeps extends SettleDeps, CompareShadowDeps, RedactCallerTextDeps {
  readonly ledger: Pick<Ledger, 'admit' | 'settle' | 'usage'>;
  readonly trustedClock: Clock;
  readonly background: Background;
  /** Sends exactly these bytes, at most once; never rejects. */
  readonly send: (body: string) => Promise<SendResult>;
  /** Notifies the audit delivery of new records. */
  readonly delivery: { wake(): void };
  readonly metrics: Metrics;
  /** The whole upstream deadline; an intent expires 30 s after it. */
  readonly upstreamTimeoutMs: number;
}

const EXPIRY_MARGIN_MS = 30_000;
const ROUTE = 'POST /v2/invite_users';

/** A call after its decision: the bytes to be sent, and the members that all of its records share. */
interface DecidedCall {
  readonly call: InviteCall;
  readonly decision: Decision;
  readonly body: string;
  readonly base: RecordBase;
}

/** Runs one request to its end. A failing ledger or upstream never makes it reject. */
export function createSendInvites(deps: SendInvitesDeps): (call: InviteCall) => Promise<InviteAnswer> {
  const compareShadow = createCompareShadow(deps);

  async function run(call: InviteCall): Promise<InviteAnswer> {
    const nowMs = deps.trustedClock.now();
    const decision = decide(call.policy, call.principal, call.asked, nowMs, call.handling);
    compareShadow(call, decision, nowMs);
    const body = canonicalBody(decision.effective);
    const base = recordBase({
      ...call,
      ...(await redactCallerText(call, deps)),
      decision,
      requestSha256: decision.verdict === 'allow' ? sha256Hex(body) : null,
      emailsInRecord: emailsInRecord(call.asked.emails, deps.recordAddress),
    });
    const decided: DecidedCall = { call, decision, body, base };
    const admitted = await deps.ledger.admit(admission(deps, decided)).catch(() => null);
    if (admitted === null) {
      deps.logger.error('ledger_admit_failed', { request_id: call.requestId });
      return toInviteAnswer(call, { kind: 'ledger_unavailable' });
    }
    deps.delivery.wake();
    if (admitted.kind !== 'admitted') {
      return toInviteAnswer(call, refusalOf(admitted, decision), 'quotas' in admitted ? admitted.quotas : []);
    }
    const outcome = await sendAndSettle(deps, decided);
    return toInviteAnswer(
      call,
      outcome,
      REFUNDED.has(outcome.kind) ? await currentQuotas(deps, decision) : admitted.quotas,
    );
  }

  return async (call) => {
    const work = run(call);
    // The caller may disconnect. The work must not stop between the intent, the send and its record.
    deps.background.run(work);
    return await work;
  };
}

/** Outcomes that refund quota, so the counters from admission are out of date. */
const REFUNDED: ReadonlySet<Outcome['kind']> = new Set(['refused', 'not_sent']);

/** Only for the answer's RateLimit fields: when the read fails, they are left out. */
async function currentQuotas({ ledger }: SendInvitesDeps, { charges }: Decision): Promise<readonly QuotaState[]> {
  return await ledger.usage(charges).catch(() => []);
}

async function sendAndSettle(deps: SendInvitesDeps, { call, decision, body, base }: DecidedCall): Promise<Outcome> {
  const { requestId } = call;
  const { addresses } = decision;
  const result: Sent = { ...(await deps.send(body)), addresses };
  const answer = answerOutcome(result, requestId);
  const settled = await settleOutcome(deps, {
    requestId,
    by: 'exchange',
    ending: result.kind,
    reply: answer.reply,
    record: { ...base, kind: 'outcome', outcome: { ...recordOutcome(result, answer), settled_by: 'exchange' } },
  });
  deps.delivery.wake();
  const ending: Sent =
    settled === null || settled.kind === 'not_found'
      ? { kind: 'unknown', reason: 'unrecorded', upstreamStatus: null, attempts: result.attempts, addresses }
      : result;
  deps.metrics.count('invite_endings', { ending: ending.kind, reason: 'reason' in ending ? ending.reason : 'none' });
  return ending;
}

function admission(deps: SendInvitesDeps, { call, decision, body, base }: DecidedCall): Admission {
  const denial: Outcome = { kind: 'denied', decision };
  const allowed = decision.verdict === 'allow';
  return {
    requestId: call.requestId,
    owner: ownerOf(call.principal),
    idempotency:
      call.idempotencyKey === null
        ? null
        : { key: call.idempotencyKey, fingerprint: requestFingerprint(call.asked, call.handling), route: ROUTE },
    charges: decision.charges,
    plan: allowed ? 'send' : 'deny',
    expiresInMs: deps.upstreamTimeoutMs + EXPIRY_MARGIN_MS,
    body: allowed ? body : null,
    records: {
      base,
      decided: allowed
        ? recordOutcome({ kind: 'admitted' }, null)
        : recordOutcome(denial, answerOutcome(denial, call.requestId)),
      exhausted: recordOutcome({ kind: 'exhausted' }, null),
      replay: recordOutcome({ kind: 'replayed' }, null),
    },
  };
}

/** The ending of whatever admission did not admit. */
function refusalOf(admitted: Exclude<Admitted, { kind: 'admitted' }>, decision: Decision): Outcome {
  switch (admitted.kind) {
    case 'denied':
      return { kind: 'denied', decision };
    case 'exhausted':
      return { kind: 'exhausted', quota: admitted.exhausted, retryAfterS: admitted.retryAfterS };
    case 'replay':
      return { kind: 'replayed', firstRequestId: admitted.firstRequestId, reply: admitted.reply };
    case 'in_flight':
      return { kind: 'in_flight', retryAfterS: admitted.retryAfterS };
    case 'key_reused':
      return { kind: 'key_reused' };
    case 'reply_unreadable':
      return { kind: 'reply_unreadable', firstRequestId: admitted.firstRequestId };
    case 'previewed':
      throw new Error('the ledger previewed a request that is no dry run');
    default:
      return admitted satisfies never;
  }
}
