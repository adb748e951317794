/**
 * A long list, sent in batches that fit the policy. The plan is plain data with the idempotency key of every batch, made
 * before anything is sent. Invariant: a batch is only ever sent with its own key, so a run that is continued
 * invites no person twice.
 */
import type { InvitePolicy, InviteUsersRequest } from './api-types.ts';
import { createIdempotencyKey } from './calls/idempotency-key.ts';
import { InvalidRequest, InviteProblem, OutcomeUnknown, PolicyDenied } from './problems.ts';
import type { Sent } from './sent.ts';
import { forcedFor } from './addresses/visible-policy.ts';
import type { Delay } from './calls/waiting.ts';
import { untilAborted } from './calls/waiting.ts';

export type SharedRequest = Omit<InviteUsersRequest, 'emails'>;

export interface BatchOptions {
  /** What all batches ask for. */
  readonly request?: SharedRequest;
  readonly lenient?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Gets the plan before anything is sent and after each batch. The next batch waits for it. */
  readonly onPlan?: (plan: BatchPlan) => void | Promise<void>;
}

/** Plain JSON. */
export interface BatchPlan {
  readonly request: SharedRequest;
  readonly lenient: boolean;
  readonly batches: readonly Batch[];
}

export interface Batch {
  readonly emails: readonly string[];
  readonly idempotencyKey: string;
  /** Null: not sent yet, or in doubt. */
  readonly ended: 'sent' | 'refused' | 'unknown' | null;
}

export type BatchStep = {
  /** From 0. */
  readonly batch: number;
  readonly batches: number;
  readonly addresses: readonly string[];
  /** Addresses of all batches that have ended. */
  readonly done: number;
  readonly total: number;
} & (
  | { readonly kind: 'sent'; readonly sent: Sent }
  /** `refused`: this batch alone. `unknown`: it may have been done. `stopped`: nothing further is sent. */
  | { readonly kind: 'refused' | 'unknown' | 'stopped'; readonly problem: InviteProblem }
);

interface SendDeps {
  readonly delay: Delay;
  /** The longest wait for a quota. */
  readonly patienceMs: number;
  readonly inviteUsers: (
    request: InviteUsersRequest,
    options: { lenient: boolean; idempotencyKey: string; signal: AbortSignal | undefined },
  ) => Promise<Sent>;
}

/** The service takes 500 addresses and 64 KiB. The rest of a request is at most 5 KiB. */
const MAX_ADDRESSES = 500;
const MAX_BYTES = 58 * 1024;

/** Each address once. Addresses for which the policy forces different values go in different batches. */
export function planBatches(
  list: readonly string[],
  policy: InvitePolicy,
  { request = {}, lenient = false }: Pick<BatchOptions, 'request' | 'lenient'> = {},
): BatchPlan {
  const limits = policy.limits.filter(({ unit, per }) => unit === 'emails' && per !== 'invitee');
  const size = Math.min(MAX_ADDRESSES, ...limits.map(({ limit }) => limit));
  const groups = new Map<string, { readonly batches: string[][]; bytes: number }>();
  const seen = new Set<string>();
  for (const email of list) {
    if (seen.has(email.toLowerCase())) continue;
    seen.add(email.toLowerCase());
    const forced = JSON.stringify(forcedFor(policy, email));
    const group = groups.get(forced) ?? { batches: [], bytes: 0 };
    groups.set(forced, group);
    const bytes = new TextEncoder().encode(JSON.stringify(email)).length + 1;
    const last = group.batches.at(-1);
    if (last === undefined || last.length === size || group.bytes + bytes > MAX_BYTES) {
      group.batches.push([email]);
      group.bytes = bytes;
    } else {
      last.push(email);
      group.bytes += bytes;
    }
  }
  const batches = [...groups.values()]
    .flatMap((group) => group.batches)
    .map((emails) => ({ emails, idempotencyKey: createIdempotencyKey(), ended: null }));
  return { request, lenient, batches };
}

export async function* sendBatches(
  deps: SendDeps,
  plan: BatchPlan,
  { signal, onPlan }: Pick<BatchOptions, 'signal' | 'onPlan'>,
): AsyncGenerator<BatchStep, void> {
  const endings = plan.batches.map(({ ended }) => ended);
  const total = plan.batches.reduce((sum, { emails }) => sum + emails.length, 0);
  const current = (): BatchPlan => ({
    ...plan,
    batches: plan.batches.map((one, at) => ({ ...one, ended: endings[at] ?? null })),
  });
  await onPlan?.(current());
  for (const [batch, { emails, ended }] of plan.batches.entries()) {
    if (ended === 'sent' || ended === 'refused') continue;
    const result = await sendBatch(deps, plan, batch, signal);
    const { kind } = result;
    if (kind !== 'stopped') {
      endings[batch] = kind;
      await onPlan?.(current());
    }
    const done = plan.batches.reduce((sum, one, at) => sum + (endings[at] === null ? 0 : one.emails.length), 0);
    yield { batch, batches: plan.batches.length, addresses: emails, done, total, ...result };
    // What was unknown before this run says nothing about the service now.
    if (kind === 'stopped' || (kind === 'unknown' && ended !== 'unknown')) return;
  }
}

type BatchResult =
  | { readonly kind: 'sent'; readonly sent: Sent }
  | { readonly kind: 'refused' | 'unknown' | 'stopped'; readonly problem: InviteProblem };

async function sendBatch(
  deps: SendDeps,
  { request, lenient, batches }: BatchPlan,
  at: number,
  signal: AbortSignal | undefined,
): Promise<BatchResult> {
  const { emails = [], idempotencyKey = '' } = batches[at] ?? {};
  for (let waitedMs = 0; ;) {
    try {
      const sent = await deps.inviteUsers({ ...request, emails: [...emails] }, { lenient, idempotencyKey, signal });
      return { kind: 'sent', sent };
    } catch (problem) {
      if (!(problem instanceof InviteProblem)) throw problem;
      // A 429 has sent nothing, and it says when it ends.
      const waitMs = problem.status === 429 ? Math.max(problem.retryAfterMs ?? Infinity, 1_000) : Infinity;
      if (waitedMs + waitMs > deps.patienceMs) return { kind: kindOf(problem), problem };
      waitedMs += waitMs;
      await untilAborted(signal, (ended) => deps.delay(waitMs, ended.signal));
    }
  }
}

function kindOf(problem: InviteProblem): 'refused' | 'unknown' | 'stopped' {
  if (problem instanceof OutcomeUnknown) return 'unknown';
  const isOfBatch =
    problem instanceof PolicyDenied || problem instanceof InvalidRequest || problem.outcome === 'refused';
  return isOfBatch ? 'refused' : 'stopped';
}
