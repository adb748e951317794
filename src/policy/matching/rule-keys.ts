/**
 * The keys of a rule besides its target, held against what is asked. The keys mean the same in every rule but one:
 * an allow rule lets groups pass when it lists all of them, a deny rule hits when it lists any.
 */
import type { Rule } from '../compile.ts';
import type { Asked } from './force.ts';

export type KeyName = 'roles' | 'auth_methods' | 'groups';

/** The keys for which an allow rule does not allow this; empty when it does. */
export function failingKeys(rule: Rule, asked: Asked): KeyName[] {
  return missedKeys(rule, asked, 'allow').map(({ key }) => key);
}

/** The keys by which a deny rule hits this (none: it limits nothing but its target); null when it does not hit. */
export function hittingKeys(rule: Rule, asked: Asked): KeyName[] | null {
  const checks = keyChecks(rule, asked, 'deny');
  return checks.every(({ holds }) => holds)
    ? checks.flatMap(({ key, listed }) => (listed === null ? [] : [key]))
    : null;
}

/** The keys that do not hold, with what the rule lists there. */
export function missedKeys(
  rule: Rule,
  asked: Asked,
  effect: 'allow' | 'deny',
): { readonly key: KeyName; readonly listed: ReadonlySet<string> }[] {
  return keyChecks(rule, asked, effect).flatMap(({ key, listed, holds }) =>
    holds || listed === null ? [] : [{ key, listed }],
  );
}

interface KeyCheck {
  readonly key: KeyName;
  /** Null: the rule takes everything here. */
  readonly listed: ReadonlySet<string> | null;
  readonly holds: boolean;
}

type Listed = ReadonlySet<string>;

function keyChecks({ roles, authMethods, groups }: Rule, asked: Asked, effect: 'allow' | 'deny'): KeyCheck[] {
  const groupsHold = {
    allow: (listed: Listed) => asked.groupIds.every((id) => listed.has(id)),
    deny: (listed: Listed) => asked.groupIds.some((id) => listed.has(id)),
  }[effect];
  return [
    check('roles', roles, (listed) => listed.has(asked.role)),
    check('auth_methods', authMethods, (listed) => listed.has(asked.authMethod)),
    check('groups', groups, groupsHold),
  ];
}

function check(key: KeyName, listed: Listed | null, holds: (listed: Listed) => boolean): KeyCheck {
  return { key, listed, holds: listed === null || holds(listed) };
}
