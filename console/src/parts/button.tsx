import type { ComponentChildren } from 'preact';

/** A button that says why it is disabled: `reason` is its description, and it stays in the order of the keyboard. */
export interface ButtonProps {
  readonly children: ComponentChildren;
  readonly onClick?: () => void;
  readonly look?: 'primary' | 'plain' | 'quiet';
  readonly type?: 'button' | 'submit';
  /** Null: it can be used. */
  readonly disabledBecause?: string | null;
  readonly id?: string;
  readonly pressed?: boolean;
}

export function Button(props: ButtonProps) {
  const { children, onClick, look = 'plain', type = 'button', disabledBecause = null, id, pressed } = props;
  const isDisabled = disabledBecause !== null;
  return (
    <button
      id={id}
      type={type}
      class={`button ${look}`}
      aria-disabled={isDisabled ? 'true' : undefined}
      aria-pressed={pressed}
      title={disabledBecause ?? undefined}
      onClick={(event) => {
        if (isDisabled) event.preventDefault();
        else onClick?.();
      }}
    >
      {children}
    </button>
  );
}
