import type { CompiledPolicy } from './compile.ts';

/**
 * Which Galileo groups a policy is about. A policy never changes, so they are collected once.
 */
const known = new WeakMap<CompiledPolicy, ReadonlySet<string>>();

/** Every Galileo group that a policy names: in `groups`, in a rule or in forced values. Lower-case UUIDs. */
export function groupIdsOf(policy: CompiledPolicy): ReadonlySet<string> {
  const before = known.get(policy);
  if (before !== undefined) return before;
  const { denyAny, byCaller, force, groupNames } = policy;
  const rules = [denyAny, ...[...byCaller.values()].flatMap(({ allow, deny }) => [allow, deny])].flatMap(
    ({ rows }) => rows,
  );
  const found = new Set([
    ...groupNames.keys(),
    ...rules.flatMap(({ groups }) => [...(groups ?? [])]),
    ...force.rows.flatMap(({ groupIds }) => groupIds ?? []),
  ]);
  known.set(policy, found);
  return found;
}
