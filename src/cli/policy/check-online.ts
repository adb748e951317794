import { SERVICE_VERSION } from '../../config/service.ts';
import type { PolicyProblem, PolicyRead } from '../../policy/load.ts';
import { buildCurrentUserRequest, currentUserUrl } from '../../upstream/request.ts';
import { counted } from '../command-line/text.ts';
import { readableConfig } from '../config/read-configuration.ts';
import type { CliDeps, Paint } from '../deps.ts';
import { leadsElsewhere } from '../doctor/checks/check-upstream.ts';
import { probe, PROBE_DEADLINES } from '../doctor/probe.ts';
import { UNFIT_UPSTREAM, upstreamAddress } from '../doctor/upstream-address.ts';
import { listGroups, noList } from '../galileo/list-groups.ts';
import { groupPlaces, missingGroups } from '../galileo/missing-groups.ts';
import type { SignInConfiguration } from '../galileo/sign-in.ts';
import { signIn } from '../galileo/sign-in.ts';
import { problemLines } from './policy-file.ts';

/**
 * The part of `policy check --online` that asks Galileo: signs in with the settings of the service, and compares the
 * groups that the file names with those that Galileo lists. Without a group in the file, nothing is asked.
 */
export interface OnlineReport {
  readonly ok: boolean;
  /** The number of different ids in the file. */
  readonly groups: number;
  readonly missing: readonly PolicyProblem[];
  /** Why there is no comparison; null: there is one. */
  readonly unanswered: string | null;
}

export async function checkOnline(
  { file, locate }: Extract<PolicyRead, { kind: 'read' }>,
  deps: CliDeps,
): Promise<OnlineReport> {
  const ids = new Set(groupPlaces(file).map(({ id }) => id));
  const unanswered = (reason: string): OnlineReport => ({
    ...{ ok: false, groups: ids.size, missing: [], unanswered: reason },
  });
  if (ids.size === 0) return { ok: true, groups: 0, missing: [], unanswered: null };
  const configuration = await readSignIn(deps);
  const baseUrl = upstreamAddress(configuration);
  if (baseUrl === null) return unanswered(`Galileo ${UNFIT_UPSTREAM}`);
  const request = { url: currentUserUrl(baseUrl), credential: null, deadlines: PROBE_DEADLINES };
  // A secret is sent only where Galileo answers.
  if (leadsElsewhere(await probe(buildCurrentUserRequest({ ...request, version: SERVICE_VERSION }), deps)))
    return unanswered('the secret was not sent: GALILEO_API_URL does not lead to Galileo’s API; `doctor` says more');
  const signedIn = await signIn(configuration, deps);
  if (signedIn.kind === 'not_signed_in') return unanswered(`the key or password ${signedIn.finding.message}`);
  const answer = await listGroups(signedIn, ids, deps);
  if (answer.kind === 'unanswered') return unanswered(`Galileo ${noList(answer)}`);
  if (!answer.isWhole) return unanswered('Galileo has more groups than are read');
  const missing = locate(missingGroups(file, answer));
  return { ok: missing.length === 0, groups: ids.size, missing, unanswered: null };
}

async function readSignIn(deps: CliDeps): Promise<SignInConfiguration> {
  const { settings } = await readableConfig(deps);
  const opened = await deps.openKeys(settings);
  return { settings, keys: opened.kind === 'opened' ? await opened.secrets.galileoKeys() : null };
}

export function onlineText(path: string, { groups, missing, unanswered }: OnlineReport, paint: Paint): string {
  if (unanswered !== null) return `${paint('red', 'failed')} The groups were not compared: ${unanswered}\n`;
  if (groups === 0) return `${paint('green', 'ok')} The file names no group of Galileo\n`;
  if (missing.length === 0)
    return `${paint('green', 'ok')} Galileo lists ${groups === 1 ? 'the one group' : `all ${groups} groups`} of the file\n`;
  return `${problemLines(path, missing)}${paint('red', 'failed')} ${counted(missing.length, 'place names a group', 'places name groups')} that Galileo does not list, or hides from this account\n`;
}
