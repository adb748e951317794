/**
 * The state of the invite view, which outlives a change of the view: the draft, the policy of the person, the opinions
 * on the list, and the run. It ends with the session.
 */
import type { InvitePolicy } from 'galileo-invite-client';
import { planBatches, ServiceUnreachable } from 'galileo-invite-client';
import type { ReadonlySignal } from '@preact/signals';
import { computed, effect, signal } from '@preact/signals';
import { removeAllKept } from '../../../session/kept.ts';
import type { Session } from '../../../session/session.ts';
import { SessionExpired } from '../../../session/session.ts';
import type { Allowed } from '../compose/allowed.ts';
import { allowedBy, suggest } from '../compose/allowed.ts';
import type { Draft } from '../compose/draft.ts';
import { createDraft, requestOf } from '../compose/draft.ts';
import type { Opinions } from '../compose/opinions.ts';
import { createOpinions } from '../compose/opinions.ts';
import type { Run } from './run.ts';
import { createRun } from './run.ts';

export type PolicyState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'loaded'; readonly policy: InvitePolicy; readonly readAtMs: number }
  | { readonly kind: 'failed'; readonly problem: unknown };

export interface Invites {
  readonly draft: Draft;
  readonly policyState: ReadonlySignal<PolicyState>;
  readonly allowed: ReadonlySignal<Allowed | null>;
  readonly opinions: Opinions;
  readonly run: Run;
  readonly loadPolicy: () => Promise<void>;
  /** Sends what is not refused. */
  readonly send: () => void;
  /** Ends the run, and begins with an empty list or with these addresses. */
  readonly startOver: (addresses: readonly string[]) => void;
}

export function createInvites(session: Session): Invites {
  const { client } = session;
  const draft = createDraft();
  const policyState = signal<PolicyState>({ kind: 'loading' });
  const policy = computed(() => (policyState.value.kind === 'loaded' ? policyState.value.policy : null));
  const opinions = createOpinions(client, policy, draft);
  const run = createRun({
    ...{ client, isOfSamePerson: session.knowsPerson },
    onExpired: () => void session.signIn('/console'),
  });
  const allowed = computed(() =>
    policy.value === null ? null : allowedBy(policy.value, draft.parsed.value.addresses),
  );
  // Until the person chooses, the choice is one that the rules allow.
  effect(() => {
    if (allowed.value === null || draft.hasChosen.value) return;
    const suggested = suggest(draft.choices.value, allowed.value);
    if (JSON.stringify(suggested) !== JSON.stringify(draft.choices.value)) draft.choices.value = suggested;
  });

  const loadPolicy = async (): Promise<void> => {
    try {
      const loaded = await client.whatMayIInvite();
      policyState.value = { kind: 'loaded', policy: loaded, readAtMs: Date.now() };
    } catch (problem) {
      // The page asks to sign in, and this view shows what it has.
      if (problem instanceof SessionExpired) return;
      // The list that a person works on stays in sight, with the policy of before: the service decides in any case.
      const isShown = policyState.value.kind === 'loaded' && problem instanceof ServiceUnreachable;
      if (!isShown) policyState.value = { kind: 'failed', problem };
    }
  };
  addEventListener('online', () => {
    if (policyState.value.kind === 'failed') void loadPolicy();
    if (opinions.state.value.kind === 'failed') opinions.retry();
  });
  // The quotas of a run that has ended are other ones.
  effect(() => {
    const kind = run.phase.value?.kind ?? null;
    if (kind === 'done' || kind === 'stopped') void loadPolicy();
  });

  effect(() => {
    if (session.state.value.kind !== 'signed_out') return;
    run.forget();
    draft.clear();
    removeAllKept();
  });

  return {
    ...{ draft, policyState, allowed, opinions, run, loadPolicy },
    send() {
      if (policy.value === null) return;
      const list = opinions.all.value.filter(({ kind }) => kind !== 'refused').map(({ email }) => email);
      const request = requestOf(draft.choices.value);
      if (list.length === 0) return;
      const plan = planBatches(list, policy.value, { request, lenient: true });
      // First, so that the tab has room for the plan, and no reload offers the list to be sent a second time.
      draft.text.value = '';
      run.start(plan);
    },
    startOver(addresses) {
      run.forget();
      draft.text.value = addresses.join('\n');
      void loadPolicy();
    },
  };
}
