/** What became of each address of a run. Pure. */
import type { Batch, BatchPlan, BatchStep, InviteRequest } from 'galileo-invite-client';
import { TEXTS } from '../../texts.ts';

export type ResultKind =
  | 'waiting'
  /** No answer came; its batch is repeated with the same key. */
  | 'in_doubt'
  | 'invited'
  | 'refused'
  | 'unknown';

export interface Result {
  readonly email: string;
  readonly kind: ResultKind;
  /** For people. */
  readonly message: string | null;
  readonly requestId: string | null;
}

export function afterStep(results: readonly Result[], step: BatchStep): readonly Result[] {
  const found = new Map(resultsOf(step).map((one) => [one.email, one]));
  return results.map((one) => found.get(one.email) ?? one);
}

function resultsOf(step: BatchStep): readonly Result[] {
  const { addresses } = step;
  if (step.kind === 'sent') {
    const { sent, refused, requestId } = step.sent;
    const invited = sent.map((email) => ({ email, kind: 'invited' as const, message: null, requestId }));
    const others = refused.map((one) => {
      const email = 'email' in one ? one.email : (addresses[one.index] ?? '');
      return { email, kind: 'refused' as const, message: one.message, requestId };
    });
    return [...invited, ...others];
  }
  const { kind, problem } = step;
  const { requestId } = problem;
  if (kind === 'stopped') {
    // Only what may have left is in doubt; the rest still waits as it did.
    const isInDoubt = problem.outcome === 'unknown';
    const message = isInDoubt ? TEXTS.invite.run.inDoubt : null;
    return addresses.map((email) => ({ email, kind: isInDoubt ? 'in_doubt' : 'waiting', message, requestId: null }));
  }
  const decided = new Map(
    problem.decisions.map((one) => ['email' in one ? one.email : (addresses[one.index] ?? ''), one.message]),
  );
  return addresses.map((email) => ({
    ...{ email, kind, requestId },
    message: decided.get(email) ?? problem.message,
  }));
}

/** A followed outcome is known now. */
export function afterOutcome(
  results: readonly Result[],
  requestId: string,
  { state, outcome }: Pick<InviteRequest, 'state' | 'outcome'>,
): readonly Result[] {
  const detail =
    outcome !== null && 'message' in outcome && typeof outcome.message === 'string' ? outcome.message : null;
  return results.map((one) => {
    if (one.requestId !== requestId || one.kind !== 'unknown') return one;
    if (state === 'accepted') return { ...one, kind: 'invited', message: TEXTS.invite.run.settledAccepted };
    if (state === 'not_sent') return { ...one, kind: 'waiting', message: null, requestId: null };
    return { ...one, kind: 'refused', message: detail ?? TEXTS.invite.run.settledRefused };
  });
}

/** The plan with another ending of the batch that has these addresses. */
export function withEnded(plan: BatchPlan, emails: readonly string[], ended: Batch['ended']): BatchPlan {
  const [one = ''] = emails;
  return {
    ...plan,
    batches: plan.batches.map((batch) => (batch.emails.includes(one) ? { ...batch, ended } : batch)),
  };
}
