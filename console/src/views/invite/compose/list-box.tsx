/** Where the list comes in: typed, pasted, dropped, or from a file. */
import { signal } from '@preact/signals';
import { useMemo, useRef } from 'preact/hooks';
import { Button } from '../../../parts/button.tsx';
import { Notice } from '../../../parts/notice.tsx';
import { TEXTS } from '../../../texts.ts';
import type { Invites } from '../send/invites.ts';

const MAX_FILE_BYTES = 2 * 1024 * 1024;
export const LIST_ID = 'addresses';

export function ListBox({ invites: { draft } }: { readonly invites: Invites }) {
  const texts = TEXTS.invite.list;
  const fault = useMemo(() => signal<string | null>(null), []);
  const isOver = useMemo(() => signal(false), []);
  const file = useRef<HTMLInputElement>(null);

  const take = async (chosen: File | undefined): Promise<void> => {
    fault.value = null;
    if (chosen === undefined) return;
    if (chosen.size > MAX_FILE_BYTES) {
      fault.value = texts.tooLarge;
      return;
    }
    const text = await chosen.text().catch(() => null);
    // Text has no NUL; a spreadsheet file has.
    if (text === null || text.includes('\0')) fault.value = texts.unreadable;
    else draft.text.value = [draft.text.value.trimEnd(), text].filter((one) => one !== '').join('\n');
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
          const dropped = event.dataTransfer?.files[0];
          if (dropped === undefined) return;
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
      {fault.value === null ? null : (
        <Notice tone="bad" live="alert">
          {fault.value}
        </Notice>
      )}
      <div class="actions">
        <input
          ref={file}
          class="unseen"
          type="file"
          accept=".csv,.txt,.tsv,text/plain,text/csv"
          tabIndex={-1}
          aria-label={texts.choose}
          onChange={(event) => {
            const input = event.currentTarget;
            void take(input.files?.[0]).finally(() => (input.value = ''));
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
  const lines = area.value.split('\n');
  const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  area.scrollTop = (area.scrollHeight / lines.length) * Math.max(0, line - 4);
}
