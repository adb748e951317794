/** The frame around every view: the name, the views, who is signed in, and what is wrong with the connection. */
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { Button } from './parts/button.tsx';
import { Link } from './parts/link.tsx';
import { Notice } from './parts/notice.tsx';
import type { Router } from './router.ts';
import type { Session } from './session/session.ts';
import { TEXTS } from './texts.ts';

const isOnline = signal(navigator.onLine);
addEventListener('online', () => (isOnline.value = true));
addEventListener('offline', () => (isOnline.value = false));

/** A file that is dropped beside the list would take the place of the page. */
for (const type of ['dragover', 'drop'] as const)
  addEventListener(type, (event) => {
    if (event.defaultPrevented || event.dataTransfer?.types.includes('Files') !== true) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'none';
  });

export interface ShellProps {
  readonly session: Session;
  readonly router: Router;
  readonly children: ComponentChildren;
}

export function Shell({ session, router, children }: ShellProps) {
  const state = session.state.value;
  const isIn = state.kind === 'signed_in' || state.kind === 'expired';
  return (
    <>
      <a class="skip" href="#main">
        {TEXTS.skip}
      </a>
      <header class="top">
        <Link router={router} to="/console" class="brand">
          <img src="/console/icon.svg" alt="" width="28" height="28" />
          {TEXTS.title}
        </Link>
        {isIn ? (
          <nav aria-label={TEXTS.nav.label}>
            <Link router={router} to="/console">
              {TEXTS.nav.invite}
            </Link>
            <Link router={router} to="/console/requests" hasViewsBelow>
              {TEXTS.nav.requests}
            </Link>
            {session.mayHave('audit:read') ? (
              <Link router={router} to="/console/audit" hasViewsBelow>
                {TEXTS.nav.audit}
              </Link>
            ) : null}
          </nav>
        ) : null}
        {isIn ? (
          <div class="person">
            {state.person === null ? null : (
              <span>
                <span class="unseen">{TEXTS.session.signedInAs('')}</span>
                {state.person}
              </span>
            )}
            <Button look="quiet" onClick={session.signOut}>
              {TEXTS.session.signOut}
            </Button>
          </div>
        ) : null}
      </header>
      <main id="main" tabIndex={-1}>
        {isOnline.value ? null : (
          <Notice tone="warning" live="status" title={TEXTS.states.offlineTitle}>
            {TEXTS.states.offline}
          </Notice>
        )}
        {state.kind === 'expired' ? (
          <Notice
            tone="warning"
            live="alert"
            title={TEXTS.session.expiredTitle}
            actions={
              <Button look="primary" onClick={() => void session.signIn(router.path.value)}>
                {TEXTS.session.signInAgain}
              </Button>
            }
          >
            {TEXTS.session.expired}
          </Notice>
        ) : null}
        {children}
      </main>
    </>
  );
}
