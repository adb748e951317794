/** The states of a view that has nothing of its own to show yet, or cannot: designed once, the same everywhere. */
import { InviteProblem, ServiceUnreachable } from 'galileo-invite-client';
import type { ComponentChildren } from 'preact';
import { TEXTS } from '../texts.ts';
import { Button } from './button.tsx';

export interface StateProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly tone?: 'bad' | 'plain';
}

/** A whole view that says one thing. */
export function StatePage({ title, children, actions, tone = 'plain' }: StateProps) {
  return (
    <section class={`state ${tone}`}>
      <h1 tabIndex={-1}>{title}</h1>
      <div class="state-text">{children}</div>
      {actions === undefined ? null : <div class="actions">{actions}</div>}
    </section>
  );
}

export function Loading({ label = TEXTS.states.loading }: { readonly label?: string }) {
  return (
    <div class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      {label}
    </div>
  );
}

export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** Why a call of the service failed, as a whole view. */
export function ProblemPage({ problem, onRetry }: { readonly problem: unknown; readonly onRetry: () => void }) {
  const known = problem instanceof InviteProblem ? problem : null;
  const reference = known?.requestId ?? null;
  const isForbidden = known?.code === 'insufficient_scope';
  const title = isForbidden
    ? TEXTS.states.forbiddenTitle
    : problem instanceof ServiceUnreachable
      ? TEXTS.states.unreachableTitle
      : TEXTS.states.errorTitle;
  return (
    <StatePage title={title} tone="bad" actions={<Button onClick={onRetry}>{TEXTS.states.retry}</Button>}>
      <p>{known?.message ?? TEXTS.states.broken}</p>
      {reference === null ? null : <p class="quiet">{TEXTS.states.reference(reference)}</p>}
    </StatePage>
  );
}
