import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

/** A labelled line of text or a choice. Its hint is read out with it. */
interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly hint?: string;
}

export interface TextFieldProps extends FieldProps {
  readonly type?: 'text' | 'search';
  readonly maxLength?: number;
}

export function TextField({ label, value, onInput, hint, type = 'text', maxLength }: TextFieldProps) {
  const id = useId();
  const shared = {
    id,
    value,
    maxLength,
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: false,
    'aria-describedby': hint === undefined ? undefined : `${id}-hint`,
    onInput: ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) => onInput(currentTarget.value),
  } as const;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {type === 'search' ? <input type="search" {...shared} /> : <input type="text" {...shared} />}
      {hint === undefined ? null : <Hint id={`${id}-hint`}>{hint}</Hint>}
    </div>
  );
}

export interface SelectFieldProps extends FieldProps {
  readonly options: readonly (readonly [value: string, label: string])[];
}

export function SelectField({ label, value, onInput, hint, options }: SelectFieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={({ currentTarget }) => onInput(currentTarget.value)}
      >
        {options.map(([one, says]) => (
          <option key={one} value={one}>
            {says}
          </option>
        ))}
      </select>
      {hint === undefined ? null : <Hint id={`${id}-hint`}>{hint}</Hint>}
    </div>
  );
}

function Hint({ id, children }: { readonly id: string; readonly children: ComponentChildren }) {
  return (
    <p class="quiet" id={id}>
      {children}
    </p>
  );
}
