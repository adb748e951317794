import { groupIdsOf } from '../../../policy/group-ids.ts';
import type { PolicySettingRead } from '../../config/read-configuration.ts';
import type { CliDeps } from '../../deps.ts';
import { counted } from '../../command-line/text.ts';
import { listGroups, noList } from '../../galileo/list-groups.ts';
import { missingGroups } from '../../galileo/missing-groups.ts';
import { problemLines, readPolicyFile } from '../../policy/policy-file.ts';
import type { Diagnosis } from '../check.ts';
import { ok, skipped, warning } from '../check.ts';
import type { SignInChecks } from './check-sign-in.ts';

/**
 * Doctor's check that Galileo has the groups that the policies name. It only warns: the service serves without it, and
 * Galileo may hide a group from the account.
 */
const MAX_LINES = 20;

/** The policies that were read, with an id of a group in them. */
export function policiesWithGroups(policies: readonly PolicySettingRead[]): readonly PolicySettingRead[] {
  return policies.filter(({ opened }) => opened?.kind === 'opened' && groupIdsOf(opened.policy.current()).size > 0);
}

export async function checkGroups(
  policies: readonly PolicySettingRead[],
  accepted: SignInChecks['accepted'],
  deps: Pick<CliDeps, 'http' | 'clock' | 'readText'>,
): Promise<Diagnosis> {
  const signedIn = await accepted;
  if (signedIn === null) return skipped('were not asked for: Galileo accepted no secret');
  const ids = new Set(
    policies.flatMap(({ opened }) => (opened?.kind === 'opened' ? [...groupIdsOf(opened.policy.current())] : [])),
  );
  const answer = await listGroups(signedIn, ids, deps);
  if (answer.kind === 'unanswered') {
    const { reason, status } = answer;
    return warning(`could not be compared: Galileo ${noList(answer)}`, NO_LIST_REMEDY, { details: { reason, status } });
  }
  if (!answer.isWhole) return skipped('could not be compared: Galileo has more groups than are read');
  const lines: string[] = [];
  for (const { file } of policies) {
    // The positions are in the text, which the service does not keep.
    const read = file === null ? null : await readPolicyFile(file, 'any', deps);
    if (file !== null && read?.kind === 'read')
      lines.push(
        ...problemLines(file, read.locate(missingGroups(read.file, answer)))
          .trimEnd()
          .split('\n')
          .filter(isLine),
      );
  }
  const missing = [...ids].filter((id) => !answer.names.has(id));
  const details = { groups: ids.size, missing };
  if (missing.length === 0)
    return ok(`has ${ids.size === 1 ? 'the one group' : `all ${ids.size} groups`} that the policy names`, { details });
  const more = lines.length > MAX_LINES ? [`and ${lines.length - MAX_LINES} more`] : [];
  return warning(`does not list ${counted(missing.length, 'group', 'groups')} that the policy names`, MISSING_REMEDY, {
    details: { ...details, places: lines },
    lines: [...lines.slice(0, MAX_LINES), ...more],
  });
}

function isLine(line: string): boolean {
  return line !== '';
}

const NO_LIST_REMEDY = 'Invites do not need it. Look in Galileo whether the account may list groups.';
const MISSING_REMEDY =
  'Correct the ids in the policy at these lines. If such a group exists, Galileo hides it from this account.';
