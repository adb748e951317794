import type { CompiledPolicy, Rule } from '../../../policy/compile.ts';
import type { PolicySettingRead } from '../../config/read-configuration.ts';
import type { Diagnosis } from '../check.ts';
import { failed, ok, skipped, warning } from '../check.ts';

/** Doctor's check that a policy loads and its tests pass, and which of its rules end soon or have ended. Pure. */
const SOON_MS = 14 * 86_400_000;
const MAX_LINES = 20;

export function policyFinding({ file, opened }: PolicySettingRead, nowMs: number): Diagnosis {
  if (opened === null || file === null) return skipped('was not read: its file or the issuers it names are not known');
  if (opened.kind === 'refused') {
    const { problems } = opened;
    const lines = problems.map(({ line, column, message }) => `${file}:${line}:${column} ${message}`);
    const more = lines.length > MAX_LINES ? [`and ${lines.length - MAX_LINES} more`] : [];
    return failed(`does not load: ${problems.length === 1 ? 'one problem' : `${problems.length} problems`}`, REMEDY, {
      lines: [...lines.slice(0, MAX_LINES), ...more],
      details: { problems: lines },
    });
  }
  const policy = opened.policy.current();
  const rules = rulesOf(policy);
  const details = { digest: `sha256:${policy.digest}`, rules: rules.length };
  const message = `loads and its own tests hold; ${rules.length === 1 ? 'one rule' : `${rules.length} rules`}`;
  const ending = rules.filter(({ untilMs }) => untilMs - nowMs <= SOON_MS);
  const shown = { details, lines: [`Policy-Digest: sha256:${policy.digest}`] };
  if (ending.length === 0) return ok(message, shown);
  const ends = ending.map(({ id, until, untilMs }) => `${id} ${untilMs <= nowMs ? 'ended' : 'ends'} on ${until ?? ''}`);
  return warning(
    `${message}; ${ends.length === 1 ? 'one of them has a near end' : `${ends.length} of them have a near end`}`,
    'Move `until` in the policy if the rule is still wanted, or remove the rule.',
    { details: { ...details, ending: ends }, lines: [...shown.lines, ...ends] },
  );
}

const REMEDY = 'Fix the policy at these lines (docs/policy.md). The service does not start with it.';

/** Each rule once, in the order of the file. */
function rulesOf({ denyAny, byCaller }: CompiledPolicy): readonly Rule[] {
  const all = [denyAny, ...[...byCaller.values()].flatMap(({ allow, deny }) => [allow, deny])].flatMap(
    ({ rows }) => rows,
  );
  return [...new Map(all.map((rule) => [rule.id, rule])).values()].toSorted((a, b) => a.order - b.order);
}
