import type { ComponentChildren } from 'preact';

/**
 * A message in the flow of the page. `alert` is read out at once, `status` when the reader is idle; without `live` it is
 * plain text, for what was there from the beginning.
 */
export interface NoticeProps {
  readonly tone: 'info' | 'good' | 'warning' | 'bad';
  readonly title?: string;
  readonly children?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly live?: 'alert' | 'status';
}

export function Notice({ tone, title, children, actions, live }: NoticeProps) {
  return (
    <div class={`notice ${tone}`} role={live}>
      <div class="notice-text">
        {title === undefined ? null : <strong>{title}</strong>}
        {children}
      </div>
      {actions === undefined ? null : <div class="actions">{actions}</div>}
    </div>
  );
}
