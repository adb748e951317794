/**
 * For people who may settle an unknown outcome, after they have looked it up in Galileo. It asks once more before it sends,
 * because a settlement is for good: it goes on record, and a `refused` returns the addresses to their quotas.
 */
import type { InviteRequest } from 'galileo-invite-client';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { PartFailure } from '../../parts/failure.tsx';
import { TextField } from '../../parts/field.tsx';
import { focusHeading } from '../../parts/use-found-focus.ts';
import type { Session } from '../../session/session.ts';
import { REQUEST_TEXTS, TEXTS } from '../../texts.ts';

export interface SettleFormProps {
  readonly session: Session;
  readonly id: string;
  readonly onSettled: (request: InviteRequest) => void;
}

type Ending = 'accepted' | 'refused';
type Progress = 'writing' | 'asking' | 'sending' | { readonly problem: unknown };

const ENDINGS: readonly Ending[] = ['accepted', 'refused'];
/** As the service has it. */
const MAX_NOTE = 500;

export function SettleForm({ session, id, onSettled }: SettleFormProps) {
  const name = useId();
  const form = useRef<HTMLFormElement>(null);
  // When the outcome is known the form goes away, and with it the focus of the person who used it. Asked before it is gone.
  useLayoutEffect(
    () => () => {
      if (form.current?.contains(document.activeElement) === true) requestAnimationFrame(() => focusHeading());
    },
    [],
  );
  const [ending, setEnding] = useState<Ending | null>(null);
  const [note, setNote] = useState('');
  const [progress, setProgress] = useState<Progress>('writing');
  const missing =
    ending === null ? REQUEST_TEXTS.settle.chooseFirst : note.trim() === '' ? REQUEST_TEXTS.settle.noteFirst : null;
  const send = async (): Promise<void> => {
    if (ending === null) return;
    setProgress('sending');
    try {
      onSettled(await session.audit.settle(id, { outcome: ending, note: note.trim() }));
    } catch (problem) {
      setProgress({ problem });
    }
  };
  return (
    <form
      ref={form}
      class="card"
      aria-label={REQUEST_TEXTS.settle.title}
      onSubmit={(event) => {
        event.preventDefault();
        if (missing === null) setProgress('asking');
      }}
    >
      <h2>{REQUEST_TEXTS.settle.title}</h2>
      <p>{REQUEST_TEXTS.settle.intro}</p>
      <fieldset class="endings">
        <legend>{REQUEST_TEXTS.settle.question}</legend>
        {ENDINGS.map((one) => (
          <label key={one}>
            <input type="radio" name={name} checked={ending === one} onChange={() => setEnding(one)} />
            {REQUEST_TEXTS.settle.endings[one]}
          </label>
        ))}
      </fieldset>
      <TextField
        label={REQUEST_TEXTS.settle.note}
        hint={REQUEST_TEXTS.settle.noteHint}
        value={note}
        onInput={setNote}
        maxLength={MAX_NOTE}
      />
      {typeof progress === 'object' ? <PartFailure problem={progress.problem} onRetry={() => void send()} /> : null}
      <div class="actions">
        <Button type="submit" look="primary" disabledBecause={progress === 'sending' ? TEXTS.states.loading : missing}>
          {REQUEST_TEXTS.settle.submit}
        </Button>
        {missing === null ? null : <p class="quiet">{missing}</p>}
      </div>
      {progress === 'asking' && ending !== null ? (
        <Dialog
          title={REQUEST_TEXTS.settle.confirmTitle}
          onClose={() => setProgress('writing')}
          actions={
            <>
              <Button look="primary" onClick={() => void send()}>
                {REQUEST_TEXTS.settle.confirm}
              </Button>
              <Button onClick={() => setProgress('writing')}>{REQUEST_TEXTS.settle.cancel}</Button>
            </>
          }
        >
          <p>{REQUEST_TEXTS.settle.confirmSays[ending]}</p>
        </Dialog>
      ) : null}
    </form>
  );
}
