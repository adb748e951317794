/**
 * The use case of sending invites: decide, admit, send, settle. Invariant: nothing is sent upstream before the intent
 * is in the ledger, and the caller is not answered before the outcome is there. Independent of any HTTP framework.
 */
import type { Ledger, QuotaState } from '../ledger/port.ts';
import type { Decision } from '../policy/decision.ts';
import { decide } from '../policy/evaluate.ts';
import type { Background } from '../ports/background.ts';
import type { Clock } from '../ports/clock.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Send } from '../upstream/send.ts';
import type { AdmitCallDeps, DecidedCall } from './admit/admit-call.ts';
import { admitCall, refusalOf } from './admit/admit-call.ts';
import type { InviteAnswer, InviteCall } from './call.ts';
import { toInviteAnswer } from './call.ts';
import type { CompareShadowDeps } from './compare-shadow.ts';
import { createCompareShadow } from './compare-shadow.ts';
import type { Outcome, Sent } from './outcome.ts';
import { answerOutcome } from './answer.ts';
import { recordOutcome } from './record.ts';
import type { SettleDeps } from './settle/settle-outcome.ts';
import { settleOutcome } from './settle/settle-outcome.ts';

export interface SendInvitesDeps extends SettleDeps, CompareShadowDeps, AdmitCallDeps {
  readonly ledger: Pick<Ledger, 'admit' | 'settle' | 'usage'>;
  readonly trustedClock: Clock;
  readonly background: Background;
  /** Sends exactly these bytes, at most once; never rejects. */
  readonly send: Send;
  /** Notifies the audit delivery of new records. */
  readonly delivery: { wake(): void };
  readonly metrics: Metrics;
  /** Whether Galileo is asked about unknown outcomes. */
  readonly reconciles: boolean;
}

/** The ledger schedules the first question to Galileo so long after an outcome became unknown. */
const FIRST_LOOK_S = 60;

/** Runs one request to its end. A failing ledger or upstream never makes it reject. */
export function createSendInvites(deps: SendInvitesDeps): (call: InviteCall) => Promise<InviteAnswer> {
  const compareShadow = createCompareShadow(deps);

  async function run(call: InviteCall): Promise<InviteAnswer> {
    const nowMs = deps.trustedClock.now();
    const first = decide(call.policy, call.principal, call.asked, nowMs, call.handling);
    compareShadow(call, first, nowMs);
    const result = await admitCall(deps, call, { first, nowMs });
    if (result === null) {
      deps.logger.error('ledger_admit_failed', { request_id: call.requestId, trace_id: call.traceId });
      return toInviteAnswer(call, { kind: 'ledger_unavailable' });
    }
    deps.delivery.wake();
    const { decided, admitted } = result;
    if (admitted.kind !== 'admitted') {
      return toInviteAnswer(call, refusalOf(admitted, decided), 'quotas' in admitted ? admitted.quotas : []);
    }
    const outcome = await sendAndSettle(deps, decided);
    const quotas = REFUNDED.has(outcome.kind) ? await currentQuotas(deps, decided.decision) : admitted.quotas;
    const answer = toInviteAnswer(call, outcome, quotas);
    return outcome.kind === 'unknown' && deps.reconciles ? lookAgain(answer) : answer;
  }

  return (call) => {
    const work = run(call);
    // The caller may disconnect. The work must not stop between the intent, the send and its record.
    deps.background.run(work);
    return work;
  };
}

/** Only on the first answer: when it is replayed, the questions to Galileo may be over. */
function lookAgain({ answer, ...rest }: InviteAnswer): InviteAnswer {
  const headers = { ...answer.reply.headers, 'Retry-After': String(FIRST_LOOK_S) };
  return { ...rest, answer: { ...answer, reply: { ...answer.reply, headers } } };
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
  const result: Sent = { ...(await deps.send(body, call)), addresses };
  const answer = answerOutcome(result, call, call.malformed);
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
