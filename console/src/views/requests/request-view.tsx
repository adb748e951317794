/**
 * One request by its link: its state, what was asked, address by address, and its story. An outcome that is not known yet is
 * followed until it is. Another person's request is shown to those who may read the trail; to everyone else it does not
 * exist, because the service says so.
 */
import type { InviteRequest } from 'galileo-invite-client';
import { InviteProblem } from 'galileo-invite-client';
import { useState } from 'preact/hooks';
import { ViewFailure } from '../../parts/failure.tsx';
import { Link } from '../../parts/link.tsx';
import { Notice } from '../../parts/notice.tsx';
import { Loading, StatePage } from '../../parts/states.tsx';
import { useFoundFocus } from '../../parts/use-found-focus.ts';
import { useLoad } from '../../parts/use-load.ts';
import type { Router } from '../../router.ts';
import type { Session } from '../../session/session.ts';
import { REQUEST_TEXTS, TEXTS } from '../../texts.ts';
import { RequestAddresses } from './request-addresses.tsx';
import { RequestFacts } from './request-facts.tsx';
import { isPending, RequestState } from './request-state.tsx';
import { RequestStory } from './request-story.tsx';
import { SettleForm } from './settle-form.tsx';
import { useFollowed } from './use-followed.ts';

export interface RequestViewProps {
  readonly session: Session;
  readonly router: Router;
  readonly id: string;
  /** The view that this one belongs to. */
  readonly from: 'requests' | 'audit';
}

export function RequestView(props: RequestViewProps) {
  const { session, router, id, from } = props;
  const { state, again, set } = useLoad((signal) => session.client.inviteRequest(id, { signal }), [id]);
  useFoundFocus(state.kind);
  const back = (
    <p>
      <Link router={router} to={`/console/${from}`}>
        {from === 'audit' ? REQUEST_TEXTS.backToAudit : REQUEST_TEXTS.backToRequests}
      </Link>
    </p>
  );
  if (state.kind === 'loading') return <Loading />;
  if (state.kind === 'failed') {
    const isMissing = state.problem instanceof InviteProblem && state.problem.code === 'not_found';
    if (!isMissing) return <ViewFailure problem={state.problem} onRetry={again} />;
    return (
      <StatePage title={REQUEST_TEXTS.notFoundTitle}>
        <p>{REQUEST_TEXTS.notFound}</p>
        {back}
      </StatePage>
    );
  }
  return (
    <>
      {back}
      <Request {...props} request={state.value} onChange={set} />
    </>
  );
}

interface RequestProps extends RequestViewProps {
  readonly request: InviteRequest;
  readonly onChange: (request: InviteRequest) => void;
}

function Request({ session, request, onChange }: RequestProps) {
  const [news, setNews] = useState('');
  const change = (ended: InviteRequest): void => {
    onChange(ended);
    setNews(REQUEST_TEXTS.settledNow(REQUEST_TEXTS.states[ended.state]));
  };
  useFollowed(session.client, [request], change);
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>{REQUEST_TEXTS.title}</h1>
        <RequestState state={request.state} />
      </div>
      <p class="quiet">{REQUEST_TEXTS.meaning[request.state]}</p>
      <p class="unseen" role="status">
        {news}
      </p>
      {isPending(request) ? (
        <Notice tone="info" title={REQUEST_TEXTS.followedTitle}>
          {REQUEST_TEXTS.followed}
        </Notice>
      ) : null}
      {request.unreadable === undefined ? null : (
        <Notice tone="warning" title={REQUEST_TEXTS.damagedTitle}>
          {REQUEST_TEXTS.damaged}
        </Notice>
      )}
      {request.state === 'unknown' && session.mayHave('invites:settle') ? (
        <SettleForm session={session} id={request.id} onSettled={change} />
      ) : null}
      <div class="columns">
        <section class="card" aria-label={REQUEST_TEXTS.story}>
          <h2>{REQUEST_TEXTS.story}</h2>
          <RequestStory request={request} />
        </section>
        <section class="card" aria-label={REQUEST_TEXTS.facts}>
          <h2>{REQUEST_TEXTS.facts}</h2>
          <RequestFacts request={request} />
        </section>
      </div>
      <section class="card" aria-label={TEXTS.addresses(request.request?.email_count ?? 0)}>
        <h2>{TEXTS.addresses(request.request?.email_count ?? 0)}</h2>
        <RequestAddresses request={request} />
      </section>
    </>
  );
}
