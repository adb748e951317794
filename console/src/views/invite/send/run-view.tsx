/** A list that is being sent, or has been: its progress, and what became of each address. */
import { QuotaExhausted, ServiceUnreachable } from 'galileo-invite-client';
import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { Button } from '../../../parts/button.tsx';
import { Dialog } from '../../../parts/dialog.tsx';
import { Notice } from '../../../parts/notice.tsx';
import type { Router } from '../../../router.ts';
import { dateAndTime, TEXTS } from '../../../texts.ts';
import type { Invites } from './invites.ts';
import { Quotas } from '../compose/quotas.tsx';
import { Results } from './results-view.tsx';
import type { Result } from './result.ts';
import type { Phase, Progress } from './run.ts';

export interface RunViewProps {
  readonly invites: Invites;
  readonly router: Router;
}

export function RunView({ invites, router }: RunViewProps) {
  const { run, policyState } = invites;
  const texts = TEXTS.invite.run;
  const isAsking = useMemo(() => signal(false), []);
  const phase = run.phase.value;
  const progress = run.progress.value;
  if (phase === null) return null;
  const isOnItsWay = phase.kind === 'sending' || phase.kind === 'pausing';
  const left = progress.counts.waiting + progress.counts.in_doubt;
  const refused = run.results.value.filter(({ kind }) => kind === 'refused').map(({ email }) => email);
  const together = run.results.value.filter(({ refusedFor }) => refusedFor !== undefined);
  const quotas = run.quotas.value;
  const state = policyState.value;
  return (
    <>
      <div class="lead">
        <h1 tabIndex={-1}>{texts.titles[phase.kind]}</h1>
      </div>
      <section class="card" aria-label={texts.bar}>
        <ProgressBar progress={progress} />
        <PhaseNotice phase={phase} progress={progress} />
        {run.isKept.value || phase.kind === 'done' ? null : (
          <Notice tone="warning" live="alert">
            {texts.notKept}
          </Notice>
        )}
        {isOnItsWay || together.length === 0 ? null : (
          <RefusedTogether results={together} onSend={run.sendInSmallerBatches} />
        )}
        <div class="actions">
          {phase.kind === 'sending' ? <Button onClick={run.pause}>{texts.pause}</Button> : null}
          {phase.kind === 'pausing' ? <Button disabledBecause={texts.pausing}>{texts.pause}</Button> : null}
          {phase.kind === 'stopped' || (phase.kind === 'paused' && phase.why !== 'outdated') ? (
            <Button look="primary" onClick={run.resume}>
              {phase.kind === 'paused' && phase.why === 'unknown' ? texts.sendRest : texts.resume}
            </Button>
          ) : null}
          {isOnItsWay ? null : (
            <Button
              look={phase.kind === 'done' && together.length === 0 ? 'primary' : 'plain'}
              onClick={() => (left > 0 ? (isAsking.value = true) : invites.startOver([]))}
            >
              {texts.newList}
            </Button>
          )}
          {phase.kind === 'done' && refused.length > 0 ? (
            <Button onClick={() => invites.startOver(refused)}>{texts.again}</Button>
          ) : null}
        </div>
      </section>
      <Results results={run.results.value} progress={progress} router={router} />
      {quotas.length > 0 ? <Quotas quotas={quotas} readAtMs={Date.now()} /> : null}
      {quotas.length === 0 && state.kind === 'loaded' ? (
        <Quotas quotas={state.policy.quotas} readAtMs={state.readAtMs} />
      ) : null}
      {isAsking.value ? (
        <Dialog
          title={texts.leaveTitle}
          onClose={() => (isAsking.value = false)}
          actions={
            <>
              <Button look="primary" onClick={() => (isAsking.value = false)}>
                {texts.leaveNo}
              </Button>
              <Button
                onClick={() => {
                  isAsking.value = false;
                  invites.startOver([]);
                }}
              >
                {texts.leaveYes}
              </Button>
            </>
          }
        >
          <p>{texts.leave(left)}</p>
        </Dialog>
      ) : null}
    </>
  );
}

function RefusedTogether({ results, onSend }: { readonly results: readonly Result[]; readonly onSend: () => void }) {
  const texts = TEXTS.invite.run;
  return (
    <Notice
      tone="warning"
      live="status"
      title={texts.togetherTitle(results.length)}
      actions={
        <Button look="primary" onClick={onSend}>
          {texts.sendSmaller}
        </Button>
      }
    >
      <span>{texts.together}</span>
    </Notice>
  );
}

/** One bar of four parts, and the same in words. */
function ProgressBar({ progress: { total, done, counts } }: { readonly progress: Progress }) {
  const texts = TEXTS.invite.run;
  const parts = (['invited', 'refused', 'unknown'] as const).map((kind) => [kind, counts[kind]] as const);
  let from = 0;
  return (
    <div class="progress">
      <p class="progress-says" role="status">
        {texts.progress(done, total)}
      </p>
      <svg
        class="bar tall"
        viewBox="0 0 100 4"
        preserveAspectRatio="none"
        role="progressbar"
        aria-label={texts.bar}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={done}
      >
        <rect class="track" width="100" height="4" />
        {parts.map(([kind, size]) => {
          const x = from;
          const width = total === 0 ? 0 : (size / total) * 100;
          from += width;
          return <rect key={kind} class={`part ${kind}`} x={x} width={width} height="4" />;
        })}
      </svg>
    </div>
  );
}

function PhaseNotice({ phase, progress }: { readonly phase: Phase; readonly progress: Progress }) {
  const texts = TEXTS.invite.run;
  switch (phase.kind) {
    case 'sending':
      return null;
    case 'pausing':
      return (
        <Notice tone="info" live="status">
          {texts.pausing}
        </Notice>
      );
    case 'paused':
      return (
        <Notice tone={phase.why === 'unknown' || phase.why === 'outdated' ? 'warning' : 'info'} live="status">
          {
            {
              ...{ asked: texts.paused, interrupted: texts.interrupted },
              ...{ unknown: progress.counts.unknown > 0 ? texts.unknown : texts.known, outdated: texts.outdated },
            }[phase.why]
          }
        </Notice>
      );
    case 'stopped': {
      const { problem } = phase;
      const isQuota = problem instanceof QuotaExhausted;
      const title = isQuota
        ? texts.stoppedQuota
        : problem instanceof ServiceUnreachable
          ? texts.stoppedLost
          : texts.stoppedOther;
      const retryAt = isQuota ? problem.retryAt : null;
      return (
        <Notice tone="warning" live="alert" title={title}>
          <span>{problem.message}</span>
          {retryAt === null ? null : <span>{texts.fullAgain(dateAndTime(retryAt.toISOString()))}</span>}
          <span>{texts.nobodyTwice}</span>
          {problem.requestId === null ? null : <span class="quiet">{TEXTS.states.reference(problem.requestId)}</span>}
        </Notice>
      );
    }
    case 'done':
      return (
        <Notice tone={progress.counts.unknown + progress.counts.refused > 0 ? 'warning' : 'good'} live="status">
          <span>{texts.done(progress.counts.invited)}</span>
          {progress.counts.refused > 0 ? <span>{texts.refused(progress.counts.refused)}</span> : null}
          {progress.counts.unknown > 0 ? <span>{texts.unknownLeft}</span> : null}
        </Notice>
      );
    default:
      return phase satisfies never;
  }
}
