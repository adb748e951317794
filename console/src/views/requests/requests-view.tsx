/**
 * The person's own requests, newest first, with their states. What is typed into the search stays in the page: it finds
 * among what is loaded, and says so.
 */
import type { InviteRequest, InviteRequestPage } from 'galileo-invite-client';
import { useState } from 'preact/hooks';
import { Button } from '../../parts/button.tsx';
import { PartFailure, ViewFailure } from '../../parts/failure.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { Link } from '../../parts/link.tsx';
import { Empty, Loading } from '../../parts/states.tsx';
import type { Column } from '../../parts/table.tsx';
import { Table } from '../../parts/table.tsx';
import { useLoad } from '../../parts/use-load.ts';
import type { Router } from '../../router.ts';
import type { Session } from '../../session/session.ts';
import { dateAndTime, REQUEST_TEXTS, TEXTS } from '../../texts.ts';
import type { StateFilter } from './find-requests.ts';
import { findRequests } from './find-requests.ts';
import { RequestState } from './request-state.tsx';
import { useFollowed } from './use-followed.ts';

export interface RequestsViewProps {
  readonly session: Session;
  readonly router: Router;
}

export function RequestsView({ session, router }: RequestsViewProps) {
  const { state, again, set } = useLoad((signal) => session.client.myRequests({ signal }), []);
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>{TEXTS.nav.requests}</h1>
        <p class="quiet">{REQUEST_TEXTS.intro}</p>
      </div>
      {state.kind === 'loading' ? <Loading /> : null}
      {state.kind === 'failed' ? <ViewFailure problem={state.problem} onRetry={again} /> : null}
      {state.kind === 'loaded' ? (
        <Requests session={session} router={router} page={state.value} onChange={set} />
      ) : null}
    </>
  );
}

interface RequestsProps extends RequestsViewProps {
  readonly page: InviteRequestPage;
  readonly onChange: (page: InviteRequestPage) => void;
}

function Requests({ session, router, page, onChange }: RequestsProps) {
  const { requests, next } = page;
  const [text, setText] = useState('');
  const [state, setState] = useState<StateFilter>('all');
  const [news, setNews] = useState('');
  const [older, setOlder] = useState<'idle' | 'loading' | { readonly problem: unknown }>('idle');
  useFollowed(session.client, requests, (ended) => {
    onChange({ next, requests: requests.map((one) => (one.id === ended.id ? ended : one)) });
    setNews(REQUEST_TEXTS.settledNow(REQUEST_TEXTS.states[ended.state]));
  });
  if (requests.length === 0) {
    return (
      <Empty>
        {REQUEST_TEXTS.none}{' '}
        <Link router={router} to="/console">
          {TEXTS.nav.invite}
        </Link>
      </Empty>
    );
  }
  const found = findRequests(requests, { text, state });
  const loadOlder = async (): Promise<void> => {
    setOlder('loading');
    try {
      const more = await session.client.myRequests({ before: next });
      onChange({ next: more.next, requests: [...requests, ...more.requests] });
      setOlder('idle');
    } catch (problem) {
      setOlder({ problem });
    }
  };
  return (
    <>
      <div class="filters" role="search">
        <TextField
          type="search"
          label={REQUEST_TEXTS.search}
          value={text}
          onInput={setText}
          hint={REQUEST_TEXTS.searchHint}
        />
        <SelectField
          label={REQUEST_TEXTS.stateFilter}
          value={state}
          onInput={(value) => setState(value as StateFilter)}
          options={[['all', REQUEST_TEXTS.allStates], ...Object.entries(REQUEST_TEXTS.states)]}
        />
      </div>
      <p class="quiet" role="status">
        {REQUEST_TEXTS.shown(found.length, requests.length, next === null)}
      </p>
      <p class="unseen" role="status">
        {news}
      </p>
      {found.length === 0 ? (
        <Empty>{REQUEST_TEXTS.noneFound}</Empty>
      ) : (
        <Table caption={TEXTS.nav.requests} columns={columns(router)} rows={found} keyOf={({ id }) => id} />
      )}
      {typeof older === 'object' ? <PartFailure problem={older.problem} onRetry={() => void loadOlder()} /> : null}
      {next === null ? null : (
        <div class="actions">
          <Button disabledBecause={older === 'loading' ? TEXTS.states.loading : null} onClick={() => void loadOlder()}>
            {older === 'loading' ? TEXTS.states.loading : REQUEST_TEXTS.loadOlder}
          </Button>
        </div>
      )}
    </>
  );
}

const columns = (router: Router): readonly Column<InviteRequest>[] => [
  {
    title: REQUEST_TEXTS.when,
    cell: ({ id, requested_at: at }) => (
      <Link router={router} to={`/console/requests/${id}`}>
        {at === null ? REQUEST_TEXTS.unreadableTime : dateAndTime(at)}
      </Link>
    ),
  },
  { title: REQUEST_TEXTS.people, cell: ({ request }) => peopleOf(request) },
  { title: REQUEST_TEXTS.state, cell: ({ state }) => <RequestState state={state} /> },
  { title: REQUEST_TEXTS.as, cell: ({ request }) => (request === null ? '' : REQUEST_TEXTS.roles[request.role]) },
];

const SHOWN = 2;

function peopleOf(request: InviteRequest['request']): string {
  if (request === null) return REQUEST_TEXTS.unreadable;
  const { emails = [], email_count: count } = request;
  return REQUEST_TEXTS.someOf(emails.slice(0, SHOWN), count);
}
