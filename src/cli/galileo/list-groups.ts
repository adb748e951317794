import { SERVICE_VERSION } from '../../config/service.ts';
import type { GroupsAnswer } from '../../upstream/groups/ask-groups.ts';
import { createReadGroups } from '../../upstream/groups/ask-groups.ts';
import type { CliDeps } from '../deps.ts';
import { PROBE_DEADLINES } from '../doctor/probe.ts';
import type { SignedIn } from './sign-in.ts';

/** Asks Galileo for its groups with a sign-in that a command has made. A rejected secret is not tried a second time. */
export async function listGroups(
  { baseUrl, credential, holdsSecret }: Extract<SignedIn, { kind: 'signed_in' }>,
  expected: ReadonlySet<string>,
  { http, clock }: Pick<CliDeps, 'http' | 'clock'>,
): Promise<GroupsAnswer> {
  const read = createReadGroups({ http, clock, baseUrl, deadlines: PROBE_DEADLINES, version: SERVICE_VERSION });
  return await read(credential, holdsSecret, expected);
}

/** What became of the question, as the second half of a sentence about Galileo. */
export function noList({ reason, status }: Extract<GroupsAnswer, { kind: 'unanswered' }>): string {
  return `gave no list of its groups (${reason}${status === null ? '' : `, status ${status}`})`;
}
