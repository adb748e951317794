/** The same with the client, which repeats, keeps the key and knows every answer. */
import { InviteProblem, OutcomeUnknown, PolicyDenied, QuotaExhausted } from 'galileo-invite-client';
import type { InviteClient, InviteUsersRequest } from 'galileo-invite-client';

/** Invites, and gives the lines to show to the person. */
export async function invite(invites: InviteClient, request: InviteUsersRequest): Promise<string[]> {
  try {
    const { sent, refused, quotas } = await invites.inviteUsers(request, { lenient: true });
    const left = quotas.map(({ quota, remaining }) => `${String(remaining)} left of ${quota}`);
    return [...sent.map((email) => `${email}: invited`), ...refused.map(({ message }) => message), ...left];
  } catch (problem) {
    if (problem instanceof PolicyDenied) return problem.decisions.map(({ message }) => message);
    if (problem instanceof QuotaExhausted)
      return [problem.message, `Again at ${problem.retryAt?.toLocaleTimeString() ?? '?'}`];
    if (problem instanceof OutcomeUnknown && problem.requestId !== null) {
      const { state } = await invites.waitForOutcome(problem.requestId);
      return [`It took a while. The invitation was ${state}.`];
    }
    if (problem instanceof InviteProblem) return [problem.message];
    throw problem;
  }
}
