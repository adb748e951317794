import type { ComponentChildren } from 'preact';

/** A short word on a state: the word says it, the colour only helps. */
export interface BadgeProps {
  readonly tone: 'good' | 'warning' | 'bad' | 'info' | 'plain';
  readonly children: ComponentChildren;
}

export function Badge({ tone, children }: BadgeProps) {
  return <span class={`badge ${tone}`}>{children}</span>;
}
