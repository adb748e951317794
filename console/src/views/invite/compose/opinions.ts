/**
 * What is known of each address of the list: a first opinion from the visible rules while the person types, and the
 * service's verdict (a dry run) once the list settles. A verdict is asked once for an address and a set of choices. Lists
 * beyond the service's limit on dry runs keep their first opinion; the service decides when they are sent.
 */
import type { FirstOpinion, InviteClient, InvitePolicy } from 'galileo-invite-client';
import { firstOpinion, InviteProblem, planBatches } from 'galileo-invite-client';
import type { ReadonlySignal } from '@preact/signals';
import { computed, effect, signal } from '@preact/signals';
import type { Draft } from './draft.ts';
import { requestOf } from './draft.ts';
import { fixFor } from './fixes.ts';

export interface Opinion {
  readonly email: string;
  /** `open`: nothing that can be seen refuses it, and its verdict is not there yet. */
  readonly kind: 'ready' | 'open' | 'refused';
  /** For people; null when there is nothing to say. */
  readonly message: string | null;
  readonly fix: string | null;
}

export interface Opinions {
  readonly all: ReadonlySignal<readonly Opinion[]>;
  /** `done` of `total` addresses have a verdict. */
  readonly state: ReadonlySignal<OpinionState>;
  readonly retry: () => void;
}

export type OpinionState =
  | { readonly kind: 'settled' }
  | { readonly kind: 'checking'; readonly done: number; readonly total: number }
  | { readonly kind: 'failed'; readonly problem: unknown };

interface Verdict {
  readonly isAllowed: boolean;
  readonly message: string;
  readonly because: readonly string[];
}

const SETTLE_MS = 500;
/** The service lets a person make 60 a minute. Some are left for the next change. */
const MAX_DRY_RUNS = 40;
const AT_ONCE = 3;

export function createOpinions(
  client: InviteClient,
  policy: ReadonlySignal<InvitePolicy | null>,
  { parsed, choices }: Draft,
): Opinions {
  const verdicts = signal<ReadonlyMap<string, Verdict>>(new Map());
  const state = signal<OpinionState>({ kind: 'settled' });
  const attempts = signal(0);
  /** Verdicts for other choices, or under another policy, say nothing. */
  const asked = computed(() => JSON.stringify([policy.value?.digest, requestOf(choices.value)]));
  let askedFor = '';

  effect(() => {
    const rules = policy.value;
    const { addresses } = parsed.value;
    const request = requestOf(choices.value);
    void attempts.value;
    if (asked.value !== askedFor) {
      askedFor = asked.value;
      verdicts.value = new Map();
    }
    const known = verdicts.peek();
    const missing = addresses.filter((email) => !known.has(email));
    if (rules === null || missing.length === 0) {
      state.value = { kind: 'settled' };
      return undefined;
    }
    const total = addresses.length;
    state.value = { kind: 'checking', done: total - missing.length, total };
    const ended = new AbortController();
    const timer = setTimeout(() => void check(rules, missing, total, ended.signal), SETTLE_MS);
    return () => {
      clearTimeout(timer);
      ended.abort(new Error('The list has changed.'));
    };

    async function check(on: InvitePolicy, list: readonly string[], of: number, stopped: AbortSignal): Promise<void> {
      const waiting = planBatches(list, on, { request }).batches.slice(0, MAX_DRY_RUNS);
      const next = async (): Promise<void> => {
        for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
          const { decisions } = await client.dryRun(
            { ...request, emails: [...batch.emails] },
            { lenient: true, signal: stopped },
          );
          const found = new Map(verdicts.peek());
          for (const one of decisions) {
            const email = 'email' in one ? one.email : (batch.emails[one.index] ?? '');
            const because = 'because' in one ? one.because : [];
            found.set(email, { isAllowed: one.decision === 'allow', message: one.message, because });
          }
          verdicts.value = found;
          state.value = { kind: 'checking', done: of - list.filter((email) => !found.has(email)).length, total: of };
        }
      };
      try {
        await Promise.all(Array.from({ length: AT_ONCE }, next));
        state.value = { kind: 'settled' };
      } catch (problem) {
        if (stopped.aborted) return;
        // The limit on dry runs is no reason not to send.
        const isLimit = problem instanceof InviteProblem && problem.code === 'quota_exhausted';
        state.value = isLimit ? { kind: 'settled' } : { kind: 'failed', problem };
      }
    }
  });

  const all = computed((): readonly Opinion[] => {
    const rules = policy.value;
    const { addresses } = parsed.value;
    if (rules === null) return addresses.map((email) => ({ email, kind: 'open', message: null, fix: null }));
    const request = requestOf(choices.value);
    const known = verdicts.value;
    return firstOpinion(rules, { ...request, emails: [...addresses] }).map((first) =>
      opinionOf(rules, first, known.get(first.email)),
    );
  });
  return { all, state, retry: () => (attempts.value += 1) };
}

function opinionOf(policy: InvitePolicy, first: FirstOpinion, verdict: Verdict | undefined): Opinion {
  const { email } = first;
  if (verdict?.isAllowed === true) return { email, kind: 'ready', message: null, fix: null };
  if (verdict !== undefined)
    return { email, kind: 'refused', message: verdict.message, fix: fixFor(policy, email, verdict.because) };
  const isRefused = first.because.length > 0;
  return { email, kind: isRefused ? 'refused' : 'open', message: null, fix: fixFor(policy, email, first.because) };
}
