import type { ComponentChildren } from 'preact';
import type { Tone } from './tone.ts';

/** A short word on a state: the word says it, the colour only helps. */
interface BadgeProps {
  readonly tone: Tone;
  readonly children: ComponentChildren;
}

export function Badge({ tone, children }: BadgeProps) {
  return <span class={`badge ${tone}`}>{children}</span>;
}
