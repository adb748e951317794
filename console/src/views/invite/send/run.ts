/**
 * Sending a list: batch by batch, pausable, and continued after a reload, a lost connection or a new sign-in. The plan
 * with the idempotency key of every batch is kept in this tab before anything is sent, so a batch is only ever repeated
 * with its own key and no person is invited twice. Where the browser cannot keep it, the page says so and asks before it
 * is left. Unknown outcomes are followed until they settle. What Galileo refused as a whole may be sent again in smaller
 * batches, with keys of their own: a refused request has done nothing.
 */
import type { Batch, BatchPlan, BatchStep, InviteClient, InviteProblem, QuotaLeft } from 'galileo-invite-client';
import { ServiceUnreachable } from 'galileo-invite-client';
import type { ReadonlySignal } from '@preact/signals';
import { computed, signal } from '@preact/signals';
import { followOutcome } from '../../../session/follow-outcome.ts';
import { isRecord, kept } from '../../../session/kept.ts';
import { SessionExpired } from '../../../session/session.ts';
import { inSmallerBatches, withEnded } from './plan.ts';
import type { Result, ResultKind } from './result.ts';
import { afterOutcome, afterStep, waiting } from './result.ts';

export type Phase =
  | { readonly kind: 'sending' }
  /** The batch that is on its way ends first. */
  | { readonly kind: 'pausing' }
  /** `interrupted`: by a reload or a new sign-in. `outdated`: the service may no longer know the keys, so it is not resumed. */
  | { readonly kind: 'paused'; readonly why: 'asked' | 'interrupted' | 'unknown' | 'outdated' }
  | { readonly kind: 'stopped'; readonly problem: InviteProblem }
  | { readonly kind: 'done' };

interface KeptRun {
  readonly plan: BatchPlan;
  readonly results: readonly Result[];
  /** It was being sent when it was kept last. */
  readonly isSending: boolean;
  readonly startedAtMs: number;
}

export interface Progress {
  readonly total: number;
  readonly counts: Readonly<Record<ResultKind, number>>;
  /** Addresses whose outcome is known, or at least asked for. */
  readonly done: number;
}

export interface Run {
  /** Null: nothing is being sent. */
  readonly phase: ReadonlySignal<Phase | null>;
  /** In the order of the list. */
  readonly results: ReadonlySignal<readonly Result[]>;
  readonly progress: ReadonlySignal<Progress>;
  /** As the last answer said. */
  readonly quotas: ReadonlySignal<readonly QuotaLeft[]>;
  /** False: after a reload the page does not know what has been sent. */
  readonly isKept: ReadonlySignal<boolean>;
  readonly start: (plan: BatchPlan) => void;
  readonly pause: () => void;
  readonly resume: () => void;
  /** Once more what Galileo refused as a whole. */
  readonly sendInSmallerBatches: () => void;
  readonly forget: () => void;
}

export interface RunDeps {
  readonly client: InviteClient;
  /** The person must sign in again to go on, and that may help. */
  readonly onExpired: () => void;
  /** Whether a list that was on its way belongs to the person who is signed in now. Then it goes on by itself. */
  readonly isOfSamePerson: boolean;
}

const keptRun = kept<KeptRun>(
  'run',
  (value): value is KeptRun =>
    isRecord(value) &&
    isRecord(value['plan']) &&
    Array.isArray(value['plan']['batches']) &&
    Array.isArray(value['results']) &&
    typeof value['startedAtMs'] === 'number',
);

/** The service keeps keys for 7 days. A batch with a forgotten key would be a new one. */
const RESUMABLE_MS = 6 * 86_400_000;

/** Whether a list of before is not finished. */
export function hasUnfinishedRun(): boolean {
  return keptRun.read()?.plan.batches.some(({ ended }) => ended === null) ?? false;
}

export function createRun({ client, onExpired, isOfSamePerson }: RunDeps): Run {
  const before = keptRun.read();
  let plan = before?.plan ?? null;
  let isSending = false;
  let startedAtMs = before?.startedAtMs ?? 0;
  const results = signal<readonly Result[]>(before?.results ?? []);
  const phase = signal<Phase | null>(before === null ? null : phaseOf(before));
  const quotas = signal<readonly QuotaLeft[]>([]);
  const isKept = signal(true);
  const followed = new Set<string>();
  /** A new run must not hear of an older one. */
  let generation = 0;
  let following = new AbortController();
  const leave = (): void => {
    generation += 1;
    following.abort();
    following = new AbortController();
    followed.clear();
  };

  const keep = (): void => {
    if (plan !== null) isKept.value = keptRun.write({ plan, results: results.value, isSending, startedAtMs });
  };
  const setPlan = (next: BatchPlan): void => {
    plan = next;
    keep();
  };

  const isPausing = (): boolean => phase.value?.kind === 'pausing';

  /** `isAlone`: the page starts it by itself, not the person; it goes on after a sign-in. */
  async function send(isAlone = false): Promise<void> {
    if (plan === null || isSending) return;
    if (Date.now() - startedAtMs > RESUMABLE_MS) {
      phase.value = { kind: 'paused', why: 'outdated' };
      return;
    }
    const own = generation;
    isSending = true;
    phase.value = { kind: 'sending' };
    let last: BatchStep | null = null;
    try {
      for await (const step of client.resumeBatches(plan, {
        onPlan: (next) => (own === generation ? setPlan(next) : undefined),
      })) {
        if (own !== generation) return;
        last = step;
        take(step);
        if (isPausing()) break;
      }
      phase.value = phaseAfter(last, isPausing());
    } catch (problem) {
      if (own !== generation) return;
      phase.value = { kind: 'paused', why: 'interrupted' };
      if (problem instanceof SessionExpired) {
        keep();
        // A service that refuses a new token would send the browser to and fro.
        if (!isAlone || last !== null) onExpired();
      } else throw problem;
    } finally {
      if (own === generation) {
        isSending = phase.value.kind === 'paused' && phase.value.why === 'interrupted';
        keep();
        isSending = false;
      }
    }
  }

  function take(step: BatchStep): void {
    results.value = afterStep(results.value, step);
    if (step.kind === 'sent' && step.sent.quotas.length > 0) quotas.value = step.sent.quotas;
    keep();
    followUnknown();
  }

  function phaseAfter(last: BatchStep | null, isPaused: boolean): Phase {
    if (last?.kind === 'stopped') return { kind: 'stopped', problem: last.problem };
    const isLeft = plan?.batches.some(({ ended }) => ended === null) ?? false;
    if (!isLeft) return { kind: 'done' };
    return { kind: 'paused', why: isPaused ? 'asked' : 'unknown' };
  }

  /** Each request whose outcome is unknown, once. */
  function followUnknown(): void {
    for (const { kind, requestId } of results.value)
      if (kind === 'unknown' && requestId !== null && !followed.has(requestId)) {
        followed.add(requestId);
        void follow(requestId, following.signal);
      }
  }

  async function follow(requestId: string, until: AbortSignal): Promise<void> {
    const outcome = await followOutcome(client, requestId, until);
    if (outcome === null || until.aborted || plan === null) return;
    const emails = results.value.filter((one) => one.requestId === requestId).map(({ email }) => email);
    results.value = afterOutcome(results.value, requestId, outcome);
    setPlan(withEnded(plan, emails, endedBy(outcome.state)));
    const isLeft = plan.batches.some((batch) => batch.ended === null);
    if (phase.value?.kind === 'done' && isLeft) phase.value = { kind: 'paused', why: 'unknown' };
  }

  const run: Run = {
    ...{ phase, results, quotas, isKept },
    progress: computed(() => progressOf(results.value)),
    start(next) {
      leave();
      isSending = false;
      startedAtMs = Date.now();
      results.value = next.batches.flatMap(({ emails }) => emails.map(waiting));
      setPlan(next);
      void send();
    },
    pause() {
      if (phase.value?.kind === 'sending') phase.value = { kind: 'pausing' };
    },
    resume() {
      if (phase.value?.kind === 'paused' || phase.value?.kind === 'stopped') void send();
    },
    sendInSmallerBatches() {
      if (plan === null || isSending) return;
      const smaller = inSmallerBatches(plan, results.value);
      results.value = smaller.results;
      setPlan(smaller.plan);
      void send();
    },
    forget() {
      leave();
      plan = null;
      isSending = false;
      keptRun.remove();
      results.value = [];
      quotas.value = [];
      isKept.value = true;
      phase.value = null;
    },
  };
  // What was on its way goes on by itself; what the person had stopped does not.
  if (before?.isSending === true && isOfSamePerson) void send(true);
  else followUnknown();
  addEventListener('beforeunload', (event) => {
    const isUnfinished = phase.value !== null && phase.value.kind !== 'done';
    if (isUnfinished && !isKept.value) event.preventDefault();
  });
  addEventListener('online', () => {
    const stopped = phase.value?.kind === 'stopped' ? phase.value.problem : null;
    if (stopped instanceof ServiceUnreachable) run.resume();
  });
  return run;
}

function phaseOf({ plan, isSending }: KeptRun): Phase {
  if (plan.batches.every(({ ended }) => ended !== null)) return { kind: 'done' };
  return { kind: 'paused', why: isSending ? 'interrupted' : 'asked' };
}

function endedBy(state: string): Batch['ended'] {
  if (state === 'accepted') return 'sent';
  // Nothing was done: the same key may be used again.
  return state === 'not_sent' ? null : 'refused';
}

function progressOf(results: readonly Result[]): Progress {
  const counts: Record<ResultKind, number> = { waiting: 0, in_doubt: 0, invited: 0, refused: 0, unknown: 0 };
  for (const { kind } of results) counts[kind] += 1;
  return { total: results.length, counts, done: results.length - counts.waiting - counts.in_doubt };
}
