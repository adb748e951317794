/**
 * Follows a request until its outcome is known, also over a lost connection and through a night: often at first, then once
 * a minute. Null when there is nothing to follow any more: the signal, the end of the sign-in, or a request that this
 * person does not have.
 */
import type { InviteClient, InviteRequest } from 'galileo-invite-client';
import { InviteProblem, OutcomeUnknown } from 'galileo-invite-client';

const OFTEN_MS = 10 * 60_000;
/** After a look that failed; longer after each further one. */
const FIRST_PAUSE_MS = 5_000;
const PAUSE_MS = 60_000;

export async function followOutcome(
  client: InviteClient,
  id: string,
  signal: AbortSignal,
  pause: typeof pauseUntilOnline = pauseUntilOnline,
): Promise<InviteRequest | null> {
  let pauseMs = FIRST_PAUSE_MS;
  for (let maxWaitMs = OFTEN_MS; ;) {
    try {
      return await client.waitForOutcome(id, { maxWaitMs, signal });
    } catch (problem) {
      // A sign-in that has ended is no problem of the service.
      if (signal.aborted || !(problem instanceof InviteProblem)) return null;
      if (problem.code === 'not_found' || problem.code === 'insufficient_scope') return null;
      // One look a minute from now on.
      if (problem instanceof OutcomeUnknown) [maxWaitMs, pauseMs] = [0, PAUSE_MS];
      await pause(pauseMs, signal);
      pauseMs = Math.min(2 * pauseMs, PAUSE_MS);
    }
  }
}

/** Ends early when the connection is back. */
async function pauseUntilOnline(ms: number, signal: AbortSignal): Promise<void> {
  const ended = new AbortController();
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    const wake = (): void => {
      clearTimeout(timer);
      resolve();
    };
    addEventListener('online', wake, { signal: ended.signal });
    signal.addEventListener('abort', wake, { signal: ended.signal });
  });
  ended.abort();
}
