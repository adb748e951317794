/** The view on which people invite: first the list and what the policy says of it, then its sending and the results. */
import { useEffect } from 'preact/hooks';
import { Loading, ProblemPage } from '../../parts/states.tsx';
import { useFoundFocus } from '../../parts/use-found-focus.ts';
import type { Router } from '../../router.ts';
import { TEXTS } from '../../texts.ts';
import type { Invites } from './send/invites.ts';
import { ListBox } from './compose/list-box.tsx';
import { Options } from './compose/options.tsx';
import { Preview } from './compose/preview.tsx';
import { Quotas } from './compose/quotas.tsx';
import { RunView } from './send/run-view.tsx';
import { SendBox } from './send/send-box.tsx';

export interface InviteViewProps {
  readonly invites: Invites;
  readonly router: Router;
}

export function InviteView({ invites, router }: InviteViewProps) {
  const { policyState, run, loadPolicy } = invites;
  useEffect(() => void loadPolicy(), [invites]);
  const state = policyState.value;
  useFoundFocus(run.phase.value?.kind ?? 'list');
  // A list that is on its way is shown, whatever else fails.
  if (run.phase.value !== null) return <RunView invites={invites} router={router} />;
  if (state.kind === 'failed') return <ProblemPage problem={state.problem} onRetry={() => void loadPolicy()} />;
  return (
    <>
      <div class="lead">
        <h1 tabIndex={-1}>{TEXTS.invite.title}</h1>
        <p class="quiet">{TEXTS.invite.lead}</p>
      </div>
      {state.kind === 'loading' ? (
        <Loading />
      ) : (
        <div class="invite">
          <div class="column">
            <ListBox invites={invites} />
            <Preview invites={invites} />
          </div>
          <div class="column">
            <Options invites={invites} policy={state.policy} />
            <Quotas quotas={state.policy.quotas} readAtMs={state.readAtMs} />
            <SendBox invites={invites} policy={state.policy} />
          </div>
        </div>
      )}
    </>
  );
}
