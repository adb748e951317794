/**
 * The use case of a dry run: the verdict and the quota it would use, from the function that decides real requests. It
 * reads the policy's counters and debits none of them; only the number of dry runs is limited. Sends nothing.
 */
import type { Principal } from '../auth/principal.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import type { Ledger } from '../ledger/port.ts';
import type { Decision, QuotaCharge } from '../policy/decision.ts';
import { decide } from '../policy/evaluate.ts';
import type { RedactCallerTextDeps } from './redact-caller-text.ts';
import { redactCallerText } from './redact-caller-text.ts';
import type { InviteAnswer, InviteCall } from './call.ts';
import { toInviteAnswer, ownerOf } from './call.ts';
import type { Outcome, Preview } from './outcome.ts';
import { answerOutcome } from './answer.ts';
import { recordBase, recordOutcome } from './record.ts';
import type { SendInvitesDeps } from './send-invites.ts';

/** The most dry runs a subject may make in a minute. There is a limit because each dry run writes a record. */
const DRY_RUNS_PER_MINUTE = 60;
const MINUTE_MS = 60_000;

export interface PreviewInvitesDeps
  extends Pick<SendInvitesDeps, 'trustedClock' | 'delivery' | 'logger'>, RedactCallerTextDeps {
  readonly ledger: Pick<Ledger, 'admit' | 'usage'>;
}

/** Decides one request without sending it. A failing ledger never makes it reject. */
export function createPreviewInvites(deps: PreviewInvitesDeps): (call: InviteCall) => Promise<InviteAnswer> {
  return async function previewInvites(call) {
    const decision = decide(call.policy, call.principal, call.asked, deps.trustedClock.now(), call.handling);
    const outcome = await record(deps, call, decision).catch((): Outcome => {
      deps.logger.error('ledger_admit_failed', { request_id: call.requestId });
      return { kind: 'ledger_unavailable' };
    });
    return toInviteAnswer(call, outcome);
  };
}

async function record(deps: PreviewInvitesDeps, call: InviteCall, decision: Decision): Promise<Outcome> {
  const outcome: Outcome = { kind: 'previewed', preview: await preview(deps.ledger, decision) };
  const redacted = await redactCallerText(call, deps);
  const facts = { ...call, ...redacted, decision, idempotencyKey: null, requestSha256: null, emailsInRecord: null };
  const admitted = await deps.ledger.admit({
    requestId: call.requestId,
    owner: ownerOf(call.principal),
    idempotency: null,
    charges: [dryRunCharge(call.principal)],
    plan: 'dry_run',
    expiresInMs: 0,
    body: null,
    records: {
      base: recordBase(facts),
      decided: recordOutcome(outcome, answerOutcome(outcome, call.requestId)),
      exhausted: null,
      replay: null,
    },
  });
  deps.delivery.wake();
  if (admitted.kind !== 'exhausted') return outcome;
  return { kind: 'exhausted', quota: admitted.exhausted, retryAfterS: admitted.retryAfterS };
}

/** The state of the counters before this request and after it. */
async function preview(ledger: Pick<Ledger, 'usage'>, decision: Decision): Promise<Preview> {
  const states = await ledger.usage(decision.charges);
  const quotas = states.map((state, index) => ({ state, amount: decision.charges[index]?.amount ?? 0 }));
  return {
    decision,
    body: decision.effective,
    shortOf: quotas.find(({ state, amount }) => amount > state.remaining)?.state.quota ?? null,
    quotas: quotas
      .filter(({ state }) => state.visible)
      .map(({ state, amount }) => ({
        quota: state.quota,
        unit: state.unit,
        limit: state.limit,
        before: state.remaining,
        after: Math.max(0, state.remaining - amount),
        resetS: Math.ceil(state.resetMs / 1000),
      })),
  };
}

/** The built-in limit on dry runs. Its name cannot clash with a policy's: ids of a policy contain no slash. */
function dryRunCharge(principal: Principal): QuotaCharge {
  return {
    quota: 'built-in/dry-run',
    unit: 'requests',
    counter: canonicalJson([principal.issuerUrl, principal.subject]),
    windowMs: MINUTE_MS,
    limit: DRY_RUNS_PER_MINUTE,
    amount: 1,
    visible: true,
  };
}
