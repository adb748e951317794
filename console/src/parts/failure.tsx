/** What a view or a part of it shows in place of what could not be loaded. An ended sign-in is said by the frame. */
import { InviteProblem } from 'galileo-invite-client';
import { SessionExpired } from '../session/session.ts';
import { TEXTS } from '../texts.ts';
import { Button } from './button.tsx';
import { Notice } from './notice.tsx';
import { ProblemPage } from './states.tsx';

export interface FailureProps {
  readonly problem: unknown;
  readonly onRetry: () => void;
}

export function ViewFailure({ problem, onRetry }: FailureProps) {
  return problem instanceof SessionExpired ? null : <ProblemPage problem={problem} onRetry={onRetry} />;
}

/** In a part of a view, whose other parts are shown. */
export function PartFailure({ problem, onRetry }: FailureProps) {
  if (problem instanceof SessionExpired) return null;
  return (
    <Notice
      tone="bad"
      live="alert"
      title={TEXTS.states.errorTitle}
      actions={<Button onClick={onRetry}>{TEXTS.states.retry}</Button>}
    >
      {problem instanceof InviteProblem ? problem.message : TEXTS.states.broken}
    </Notice>
  );
}
