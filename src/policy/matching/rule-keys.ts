/**
 * Compares the keys of a rule, except its target, with the values that are asked. A key means the same in allow and
 * deny rules, except for `groups`: an allow rule must list all requested groups, a deny rule hits if it lists one.
 */
import type { Rule } from '../compile.ts';
import type { Asked } from './force.ts';

export type KeyName = 'roles' | 'auth_methods' | 'groups';

/** The keys by which an allow rule does not allow these values; empty when it allows them. */
export function failingKeys(rule: Rule, asked: Asked): KeyName[] {
  return missedKeys(rule, asked, 'allow').map(({ key }) => key);
}

/** The keys by which a deny rule hits; null when it does not hit. Empty when the rule has no keys but its target. */
export function hittingKeys(rule: Rule, asked: Asked): KeyName[] | null {
  const checks = keyChecks(rule, asked, 'deny');
  return checks.every(({ holds }) => holds)
    ? checks.flatMap(({ key, listed }) => (listed === null ? [] : [key]))
    : null;
}

/** Whether a deny rule hits: `hittingKeys` without its reasons, for code that compares rules with many values. */
export function hits({ roles, authMethods, groups }: Rule, asked: Asked): boolean {
  return (
    (roles === null || roles.has(asked.role)) &&
    (authMethods === null || authMethods.has(asked.authMethod)) &&
    (groups === null || asked.groupIds.some((id) => groups.has(id)))
  );
}

/** The keys that do not match, with the values that the rule lists. */
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
  /** Null: the rule accepts every value. */
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
