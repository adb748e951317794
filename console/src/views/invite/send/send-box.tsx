/** The one button that sends, and what will not be sent. */
import type { InvitePolicy } from 'galileo-invite-client';
import { Button } from '../../../parts/button.tsx';
import { Notice } from '../../../parts/notice.tsx';
import { TEXTS } from '../../../texts.ts';
import type { Invites } from './invites.ts';

export interface SendBoxProps {
  readonly invites: Invites;
  readonly policy: InvitePolicy;
}

export function SendBox({ invites: { draft, opinions, send }, policy }: SendBoxProps) {
  const texts = TEXTS.invite;
  const { rejected } = draft.parsed.value;
  const ready = opinions.all.value.filter(({ kind }) => kind !== 'refused').length;
  const leftOut = opinions.all.value.length - ready + rejected.length;
  const isChecking = opinions.state.value.kind === 'checking';
  const [short] = policy.quotas
    .filter(({ unit, remaining }) => unit === 'emails' && remaining < ready)
    .toSorted((a, b) => a.remaining - b.remaining);
  const reason = ready === 0 ? texts.cannotSend.empty : isChecking ? texts.cannotSend.checking : null;
  return (
    <section class="card send" aria-label={texts.sendNothing}>
      {short === undefined || ready === 0 ? null : (
        <Notice tone="warning">{texts.quotas.short(short.quota, short.remaining, short.reset_s)}</Notice>
      )}
      {leftOut === 0 ? null : <p class="quiet">{texts.leftOut(leftOut)}</p>}
      <Button look="primary" disabledBecause={reason} onClick={send}>
        {ready === 0 ? texts.sendNothing : texts.send(ready)}
      </Button>
      <p class="quiet" aria-live="polite">
        {reason}
      </p>
    </section>
  );
}
