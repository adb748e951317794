/** A React hook over the client: what the form shows, and what its button does. */
import { createIdempotencyKey, InviteProblem } from 'galileo-invite-client';
import type { InviteClient, InvitePolicy, InviteUsersRequest, Sent } from 'galileo-invite-client';
import { useCallback, useEffect, useRef, useState } from 'react';

export type InviteState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'sending' }
  | { readonly kind: 'done'; readonly sent: Sent }
  | { readonly kind: 'failed'; readonly problem: InviteProblem };

export interface Invites {
  /** What this person may do; null until it is known. */
  readonly policy: InvitePolicy | null;
  readonly state: InviteState;
  readonly send: (request: InviteUsersRequest) => Promise<void>;
}

/** `invites`: one client for the app, made outside of the components. */
export function useInvites(invites: InviteClient): Invites {
  const [policy, setPolicy] = useState<InvitePolicy | null>(null);
  const [state, setState] = useState<InviteState>({ kind: 'idle' });
  /** The key of the request on the form. A second click, or one after a failure, is the same invitation. */
  const last = useRef<{ readonly request: string; readonly key: string } | null>(null);

  const fail = useCallback((problem: unknown) => {
    if (!(problem instanceof InviteProblem)) throw problem;
    setState({ kind: 'failed', problem });
  }, []);

  useEffect(() => {
    const leave = new AbortController();
    invites.whatMayIInvite({ signal: leave.signal }).then(setPolicy, (problem: unknown) => {
      if (!leave.signal.aborted) fail(problem);
    });
    return () => leave.abort();
  }, [invites, fail]);

  const send = useCallback(
    async (request: InviteUsersRequest) => {
      const text = JSON.stringify(request);
      if (last.current?.request !== text) last.current = { request: text, key: createIdempotencyKey() };
      setState({ kind: 'sending' });
      try {
        const sent = await invites.inviteUsers(request, { lenient: true, idempotencyKey: last.current.key });
        last.current = null;
        setState({ kind: 'done', sent });
      } catch (problem) {
        fail(problem);
      }
    },
    [invites, fail],
  );

  return { policy, state, send };
}
