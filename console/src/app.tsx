/** Which view is shown, by the path and by who is signed in. */
import { useEffect, useMemo } from 'preact/hooks';
import { Button } from './parts/button.tsx';
import { Link } from './parts/link.tsx';
import { Notice } from './parts/notice.tsx';
import { StatePage } from './parts/states.tsx';
import type { Router } from './router.ts';
import { viewOf } from './router.ts';
import type { Session } from './session/session.ts';
import { Shell } from './shell.tsx';
import { REQUEST_TEXTS, TEXTS } from './texts.ts';
import { AuditView } from './views/audit/audit-view.tsx';
import { InviteView } from './views/invite/invite-view.tsx';
import { createInvites } from './views/invite/send/invites.ts';
import { hasUnfinishedRun } from './views/invite/send/run.ts';
import { RequestView } from './views/requests/request-view.tsx';
import { RequestsView } from './views/requests/requests-view.tsx';

export interface AppProps {
  readonly session: Session;
  readonly router: Router;
}

export function App({ session, router }: AppProps) {
  const name = nameOf(session, router);
  useEffect(() => {
    document.title = name === null ? TEXTS.title : `${name} · ${TEXTS.title}`;
  }, [name]);
  return (
    <Shell session={session} router={router}>
      <Content session={session} router={router} />
    </Shell>
  );
}

function Content({ session, router }: AppProps) {
  const state = session.state.value;
  const path = router.path.value;
  const signIn = (
    <Button look="primary" onClick={() => void session.signIn(path)}>
      {TEXTS.session.signIn}
    </Button>
  );
  switch (state.kind) {
    case 'signed_out':
      return (
        <StatePage title={TEXTS.session.signedOutTitle} actions={signIn}>
          {state.notice === 'signed_out' ? <p role="status">{TEXTS.session.afterSignOut}</p> : null}
          {state.notice === 'cancelled' ? <p role="status">{TEXTS.session.cancelled}</p> : null}
          {hasUnfinishedRun() ? <Notice tone="info">{TEXTS.session.unfinished}</Notice> : null}
          <p>
            {TEXTS.session.signedOut}
            {state.notice === 'signed_out' ? null : ` ${TEXTS.session.keptHere}`}
          </p>
        </StatePage>
      );
    case 'failed':
      return (
        <StatePage title={TEXTS.session.failedTitle} tone="bad" actions={signIn}>
          {state.detail === null ? null : <p>{state.detail}</p>}
          <p>{TEXTS.session.failed[state.why]}</p>
        </StatePage>
      );
    case 'not_set_up':
      return (
        <StatePage title={TEXTS.session.notSetUpTitle}>
          <p>{TEXTS.session.notSetUp}</p>
        </StatePage>
      );
    default:
      return <SignedIn session={session} router={router} />;
  }
}

/** Of the view, for the tab and its history. */
function nameOf(session: Session, router: Router): string | null {
  const { kind } = session.state.value;
  if (kind !== 'signed_in' && kind !== 'expired') return null;
  const names = {
    ...{ invite: TEXTS.nav.invite, requests: TEXTS.nav.requests, request: REQUEST_TEXTS.title },
    ...{ audit: TEXTS.nav.audit, audit_request: REQUEST_TEXTS.title, unknown: TEXTS.states.notFoundTitle },
  };
  return names[viewOf(router.path.value).kind];
}

/** Keeps what goes on while the view changes: a list that is being sent. */
function SignedIn({ session, router }: AppProps) {
  const invites = useMemo(() => createInvites(session), [session]);
  const view = viewOf(router.path.value);
  switch (view.kind) {
    case 'invite':
      return <InviteView invites={invites} router={router} />;
    case 'requests':
      return <RequestsView session={session} router={router} />;
    case 'request':
      return <RequestView session={session} router={router} id={view.id} from="requests" />;
    case 'audit':
      return <AuditView session={session} router={router} />;
    case 'audit_request':
      return <RequestView session={session} router={router} id={view.id} from="audit" />;
    default:
      return (
        <StatePage title={TEXTS.states.notFoundTitle}>
          <p>{TEXTS.states.notFound}</p>
          <p>
            <Link router={router} to="/console">
              {TEXTS.states.toInvite}
            </Link>
          </p>
        </StatePage>
      );
  }
}
