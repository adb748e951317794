/** Where the list comes in: typed, pasted, dropped, or from a file. */
import { signal } from '@preact/signals';
import { useMemo, useRef } from 'preact/hooks';
import { Button } from '../../../parts/button.tsx';
import { Notice } from '../../../parts/notice.tsx';
import { TEXTS } from '../../../texts.ts';
import type { Invites } from '../send/invites.ts';
import { readText } from './read-text.ts';

const MAX_FILE_BYTES = 2 * 1024 * 1024;
export const LIST_ID = 'addresses';

export function ListBox({ invites: { draft } }: { readonly invites: Invites }) {
  const texts = TEXTS.invite.list;
  const faults = useMemo(() => signal<readonly string[]>([]), []);
  const isOver = useMemo(() => signal(false), []);
  const file = useRef<HTMLInputElement>(null);

  const take = async (chosen: Iterable<File>): Promise<void> => {
    faults.value = [];
    for (const one of [...chosen]) {
      const text = one.size > MAX_FILE_BYTES ? null : await readText(one);
      if (text !== null) draft.text.value = [draft.text.value.trimEnd(), text].filter((part) => part !== '').join('\n');
      else {
        const says = one.size > MAX_FILE_BYTES ? texts.tooLarge : texts.unreadable;
        faults.value = [...faults.value, says(one.name)];
      }
    }
  };

  return (
    <section class="card" aria-labelledby="list-title">
      <div class="card-head">
        <h2 id="list-title">{texts.title}</h2>
        <span class="quiet" aria-live="polite">
          {texts.found(draft.parsed.value.addresses.length)}
        </span>
      </div>
      <label class="unseen" for={LIST_ID}>
        {texts.label}
      </label>
      <textarea
        id={LIST_ID}
        class={isOver.value ? 'over' : undefined}
        aria-describedby="list-hint"
        rows={9}
        spellcheck={false}
        autocomplete="off"
        value={draft.text.value}
        onInput={(event) => (draft.text.value = event.currentTarget.value)}
        onDragOver={(event) => {
          if (event.dataTransfer?.types.includes('Files') !== true) return;
          event.preventDefault();
          isOver.value = true;
        }}
        onDragLeave={() => (isOver.value = false)}
        onDrop={(event) => {
          isOver.value = false;
          const dropped = event.dataTransfer?.files ?? [];
          if (dropped.length === 0) return;
          event.preventDefault();
          void take(dropped);
        }}
      />
      <p class="quiet" id="list-hint">
        {texts.hint}
      </p>
      <p class="quiet" role="status">
        {texts.otherColumns(draft.otherColumns.value)}
      </p>
      {faults.value.length === 0 ? null : (
        <Notice tone="bad" live="alert">
          {faults.value.map((says) => (
            <span key={says}>{says}</span>
          ))}
        </Notice>
      )}
      <div class="actions">
        <input
          ref={file}
          class="unseen"
          type="file"
          multiple
          accept=".csv,.txt,.tsv,text/plain,text/csv"
          tabIndex={-1}
          aria-label={texts.choose}
          onChange={(event) => {
            const input = event.currentTarget;
            void take(input.files ?? []).finally(() => (input.value = ''));
          }}
        />
        <Button onClick={() => file.current?.click()}>{texts.choose}</Button>
        {draft.text.value === '' ? null : (
          <Button look="quiet" onClick={() => (draft.text.value = '')}>
            {texts.clear}
          </Button>
        )}
      </div>
    </section>
  );
}

/** Puts the cursor on a line of the list. */
export function showLine(line: number): void {
  const area = document.getElementById(LIST_ID);
  if (!(area instanceof HTMLTextAreaElement)) return;
  // As the client counts lines; a text field has `\n` in place of a return.
  const lines = area.value.split(/[\n\u0085\u2028\u2029]/);
  const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  area.scrollTop = (area.scrollHeight / lines.length) * Math.max(0, line - 4);
}
