import type { InviteRequest } from 'galileo-invite-client';
import { Badge } from '../../parts/badge.tsx';
import type { Tone } from '../../parts/tone.ts';
import { REQUEST_TEXTS } from '../../texts.ts';

/** The state of a request as a word with a colour. */
const TONES: Readonly<Record<InviteRequest['state'], Tone>> = {
  open: 'info',
  accepted: 'good',
  refused: 'bad',
  not_sent: 'warning',
  unknown: 'warning',
  denied: 'bad',
};

export function RequestState({ state }: Pick<InviteRequest, 'state'>) {
  return <Badge tone={TONES[state]}>{REQUEST_TEXTS.states[state]}</Badge>;
}

/** Whether it may still change by itself. */
export function isPending({ state }: Pick<InviteRequest, 'state'>): boolean {
  return state === 'open' || state === 'unknown';
}
