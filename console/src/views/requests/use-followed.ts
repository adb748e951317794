/**
 * Follows requests whose outcome is not known yet, until it is or the view is left. Few at a time, the newest first, because
 * each one is asked about by itself.
 */
import type { InviteClient, InviteRequest } from 'galileo-invite-client';
import { useEffect, useRef } from 'preact/hooks';
import { followOutcome } from '../../session/follow-outcome.ts';
import { isPending } from './request-state.tsx';

const AT_ONCE = 5;

/** `onEnded` gets the request as soon as its outcome is known. */
export function useFollowed(
  client: InviteClient,
  requests: readonly InviteRequest[],
  onEnded: (request: InviteRequest) => void,
): void {
  // What is shown may have grown since the question was asked.
  const latest = useRef(onEnded);
  latest.current = onEnded;
  const ids = requests
    .filter(isPending)
    .slice(0, AT_ONCE)
    .map(({ id }) => id);
  useEffect(() => {
    const ended = new AbortController();
    for (const id of ids) {
      void followOutcome(client, id, ended.signal).then((request) => {
        if (request !== null) latest.current(request);
      });
    }
    return () => ended.abort();
  }, [ids.join(' ')]);
}
