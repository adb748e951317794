/**
 * The keys of a rule besides its target, held against what is asked. The keys mean the same in every rule but one:
 * an allow rule lets groups pass when it lists all of them, a deny rule hits when it lists any.
 */
import type { Rule } from './compile.ts';
import type { Asked } from './force.ts';

/** The keys for which an allow rule does not allow this; empty when it does. */
export function failingKeys(rule: Rule, asked: Asked): string[] {
  return keyChecks(rule, asked, (listed) => asked.groupIds.every((id) => listed.has(id)))
    .filter(({ holds }) => !holds)
    .map(({ key }) => key);
}

/** The keys by which a deny rule hits this (none: it limits nothing but its target); null when it does not hit. */
export function hittingKeys(rule: Rule, asked: Asked): string[] | null {
  const checks = keyChecks(rule, asked, (listed) => asked.groupIds.some((id) => listed.has(id)));
  return checks.every(({ holds }) => holds) ? checks.filter(({ limits }) => limits).map(({ key }) => key) : null;
}

interface KeyCheck {
  readonly key: 'roles' | 'auth_methods' | 'groups';
  /** The rule does not take everything here. */
  readonly limits: boolean;
  readonly holds: boolean;
}

type Listed = ReadonlySet<string>;

function keyChecks(
  { roles, authMethods, groups }: Rule,
  asked: Asked,
  groupsHold: (listed: Listed) => boolean,
): KeyCheck[] {
  return [
    check('roles', roles, (listed) => listed.has(asked.role)),
    check('auth_methods', authMethods, (listed) => listed.has(asked.authMethod)),
    check('groups', groups, groupsHold),
  ];
}

function check(key: KeyCheck['key'], listed: Listed | null, holds: (listed: Listed) => boolean): KeyCheck {
  return { key, limits: listed !== null, holds: listed === null || holds(listed) };
}
