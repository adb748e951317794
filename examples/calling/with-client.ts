/** The same with the client, which repeats, keeps the key and knows every answer. */
import { InviteProblem, OutcomeUnknown, PolicyDenied, QuotaExhausted } from 'galileo-invite-client';
import type { InviteClient, InviteUsersRequest } from 'galileo-invite-client';

/**
 * Invites, and gives the lines to show to the person. An unknown outcome is waited for, two minutes at most; `meanwhile`
 * gets what to show until then.
 */
export async function invite(
  invites: InviteClient,
  request: InviteUsersRequest,
  meanwhile: (line: string) => void = () => undefined,
): Promise<string[]> {
  try {
    const { sent, refused, quotas } = await invites.inviteUsers(request, { lenient: true });
    const left = quotas.map(({ quota, remaining }) => `${String(remaining)} left of ${quota}`);
    return [...sent.map((email) => `${email}: invited`), ...refused.map(({ message }) => message), ...left];
  } catch (problem) {
    if (problem instanceof PolicyDenied) return problem.decisions.map(({ message }) => message);
    if (problem instanceof QuotaExhausted)
      return [problem.message, `Again at ${problem.retryAt?.toLocaleTimeString() ?? '?'}`];
    if (problem instanceof OutcomeUnknown && problem.requestId !== null) {
      meanwhile(problem.message);
      return [await endingOf(invites, problem.requestId)];
    }
    return [messageOf(problem)];
  }
}

async function endingOf(invites: InviteClient, requestId: string): Promise<string> {
  try {
    const { state } = await invites.waitForOutcome(requestId);
    return state === 'accepted' ? 'It took a while. They are invited.' : 'It took a while. Nobody was invited.';
  } catch (problem) {
    // Still unknown: a person has to look it up in Galileo.
    return messageOf(problem);
  }
}

function messageOf(problem: unknown): string {
  if (problem instanceof InviteProblem) return problem.message;
  throw problem;
}
