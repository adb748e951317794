/** What became of each address of a run. Pure. */
import type { BatchStep, InviteProblem, InviteRequest } from 'galileo-invite-client';
import { TEXTS } from '../../../texts.ts';

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
  /** Refused by Galileo with its whole batch: for any address of it, or for others that Galileo named. */
  readonly refusedFor?: 'any' | 'others';
}

export function waiting(email: string): Result {
  return { email, kind: 'waiting', message: null, requestId: null };
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
  const sent = addresses.filter((email) => !decided.has(email));
  const refusals = kind === 'refused' && problem.origin === 'upstream' ? refusalsByGalileo(problem, sent) : null;
  return addresses.map((email) => ({
    ...{ email, kind, requestId },
    ...(refusals?.get(email) ?? { message: decided.get(email) ?? problem.message }),
  }));
}

type Refusal = Pick<Result, 'message' | 'refusedFor'>;

/** Galileo takes all of a request or nothing. Sometimes it names the entries that it does not take. */
function refusalsByGalileo({ message, body }: InviteProblem, sent: readonly string[]): ReadonlyMap<string, Refusal> {
  const { galileoSays, refusedTogether, refusedForOthers } = TEXTS.invite.run;
  const errors = Array.isArray(body?.['errors']) ? (body['errors'] as readonly Partial<UpstreamError>[]) : [];
  const named = new Map<string, string>();
  for (const { loc = [], msg = message } of errors) {
    const [, field, index] = loc;
    const email = field === 'emails' && typeof index === 'number' ? sent[index] : undefined;
    if (email !== undefined) named.set(email, msg);
  }
  return new Map(
    sent.map((email): [string, Refusal] => {
      const own = named.get(email) ?? (sent.length === 1 ? message : undefined);
      if (own !== undefined) return [email, { message: galileoSays(own) }];
      return named.size > 0
        ? [email, { message: refusedForOthers, refusedFor: 'others' }]
        : [email, { message: refusedTogether(message), refusedFor: 'any' }];
    }),
  );
}

/** As in a 422 of Galileo. `loc`: its place in the request that was sent. */
interface UpstreamError {
  readonly loc: readonly (string | number)[];
  readonly msg: string;
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
