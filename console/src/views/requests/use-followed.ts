/**
 * Follows requests whose outcome is not known yet, until it is or the view is left. Few at a time, the newest first: each
 * one is asked about every few seconds. A request that stays unknown is followed again when the view is opened again.
 */
import type { InviteClient, InviteRequest } from 'galileo-invite-client';
import { useEffect } from 'preact/hooks';
import { isPending } from './request-state.tsx';

const AT_ONCE = 5;
const MAX_WAIT_MS = 600_000;

/** `onEnded` gets the request as soon as its outcome is known. */
export function useFollowed(
  client: InviteClient,
  requests: readonly InviteRequest[],
  onEnded: (request: InviteRequest) => void,
): void {
  const ids = requests
    .filter(isPending)
    .slice(0, AT_ONCE)
    .map(({ id }) => id);
  useEffect(() => {
    const ended = new AbortController();
    for (const id of ids) {
      client.waitForOutcome(id, { maxWaitMs: MAX_WAIT_MS, signal: ended.signal }).then(onEnded, () => undefined);
    }
    return () => ended.abort();
  }, [ids.join(' ')]);
}
