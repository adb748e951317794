/**
 * The use case of a dry run: the verdict and the quota it would use, from the function that decides real requests. It
 * reads the policy's counters and debits none of them; only the number of dry runs is limited. Sends nothing.
 */
import type { Principal } from '../auth/principal.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import type { Ledger, QuotaState } from '../ledger/port.ts';
import type { Decision, QuotaCharge, ShortInvitee } from '../policy/decision.ts';
import { decide, leaveOut } from '../policy/evaluate.ts';
import { exhaustedBy } from '../policy/quota-charges.ts';
import type { RedactCallerTextDeps } from './redact-caller-text.ts';
import { redactCallerText } from './redact-caller-text.ts';
import type { InviteAnswer, InviteCall } from './call.ts';
import { toInviteAnswer, ownerOf } from './call.ts';
import type { Attempt } from './admit/leave-out.ts';
import { leaveOutExhausted } from './admit/leave-out.ts';
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
    const outcome = await record(deps, call).catch((): Outcome => {
      deps.logger.error('ledger_admit_failed', { request_id: call.requestId, trace_id: call.traceId });
      return { kind: 'ledger_unavailable' };
    });
    return toInviteAnswer(call, outcome);
  };
}

async function record(deps: PreviewInvitesDeps, call: InviteCall): Promise<Outcome> {
  const found = await preview(deps, call);
  const { decision } = found;
  const outcome: Outcome = { kind: 'previewed', preview: found };
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
      decided: recordOutcome(outcome, answerOutcome(outcome, call)),
      exhausted: null,
      replay: null,
    },
  });
  deps.delivery.wake();
  if (admitted.kind !== 'exhausted') return outcome;
  const { exhausted: quota, retryAfterS } = admitted;
  return { kind: 'exhausted', quota, asked: 1, per: null, retryAfterS, addresses: [] };
}

/**
 * The state of the counters before this request and after it. As in a real request, lenient handling leaves out invitees
 * whose counters have too little left, and a refusal of the whole names them.
 */
async function preview({ ledger, trustedClock }: PreviewInvitesDeps, call: InviteCall): Promise<Preview> {
  const nowMs = trustedClock.now();
  const first = decide(call.policy, call.principal, call.asked, nowMs, call.handling);
  const { decision, value } = await leaveOutExhausted(
    call,
    { first, nowMs },
    async ({ charges }, mayLeaveOut): Promise<Attempt<Usages>> => {
      const usage = pair(charges, await ledger.usage(charges));
      const invitees = usage.filter(isShort).filter(isOfInvitee).map(inviteeOf);
      return mayLeaveOut && invitees.length > 0
        ? { kind: 'short', invitees }
        : { kind: 'done', value: { usage, invitees } };
    },
  );
  const exhausted = exhaustedBy(call.policy, decision.effective.emails, value.invitees);
  const addresses = decision.addresses.map((address) => leaveOut(address, exhausted));
  return toPreview(
    { ...decision, addresses: decision.verdict === 'deny' ? decision.addresses : addresses },
    value.usage,
  );
}

interface Usages {
  readonly usage: readonly Usage[];
  readonly invitees: readonly ShortInvitee[];
}

interface Usage {
  readonly charge: QuotaCharge;
  readonly state: QuotaState;
}

function pair(charges: readonly QuotaCharge[], states: readonly QuotaState[]): Usage[] {
  return charges.flatMap((charge, index) => {
    const state = states[index];
    return state === undefined ? [] : [{ charge, state }];
  });
}

function isShort({ charge, state }: Usage): boolean {
  return charge.amount > state.remaining;
}

function isOfInvitee({ charge }: Usage): boolean {
  return !charge.visible;
}

function inviteeOf({ charge: { counter }, state: { quota, remaining, resetMs } }: Usage): ShortInvitee {
  return { quota, counter, remaining, resetMs };
}

function toPreview(decision: Decision, usage: readonly Usage[]): Preview {
  const [longest] = usage.filter(isShort).toSorted((a, b) => b.state.resetMs - a.state.resetMs);
  return {
    decision,
    body: decision.effective,
    shortOf: longest?.state.quota ?? null,
    quotas: usage
      .filter((one) => !isOfInvitee(one))
      .map(({ charge, state }) => ({
        quota: state.quota,
        unit: state.unit,
        limit: state.limit,
        before: state.remaining,
        after: Math.max(0, state.remaining - charge.amount),
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
