/**
 * Computes what deny rules leave of an allow rule, so that callers are not promised what would be refused. It tries
 * values against the deny rules that cover a whole pattern. Only `decide` judges single addresses inside a pattern.
 */
import { AUTH_METHODS, USER_ROLES } from '../../contract/invite-users.ts';
import type { Rule } from '../compile.ts';
import type { Asked } from './force.ts';
import { hits } from './rule-keys.ts';

export interface Remainder {
  readonly patterns: readonly string[];
  readonly roles: readonly Asked['role'][];
  readonly authMethods: readonly Asked['authMethod'][];
  readonly groupIds: 'any' | readonly string[];
}

/**
 * Null when nothing is left. `deniesOf` returns the deny rules that cover a whole pattern: the same list for patterns
 * that the same rules cover, so that the values are compared once for each list and not for each pattern.
 */
export function stillAllowed(
  rule: Rule,
  patterns: readonly string[],
  deniesOf: (pattern: string) => readonly Rule[],
): Remainder | null {
  const roles = USER_ROLES.filter((role) => rule.roles?.has(role) ?? true);
  const authMethods = AUTH_METHODS.filter((method) => rule.authMethods?.has(method) ?? true);
  const passes = (denies: readonly Rule[], fixed: Partial<Asked>): boolean =>
    (fixed.role === undefined ? roles : [fixed.role]).some((role) =>
      (fixed.authMethod === undefined ? authMethods : [fixed.authMethod]).some((authMethod) => {
        const asked: Asked = { role, authMethod, groupIds: fixed.groupIds ?? [], sendEmail: true };
        return !denies.some((deny) => hits(deny, asked));
      }),
    );
  const byDenies = Map.groupBy(patterns, deniesOf);
  const open = new Set([...byDenies.keys()].filter((denies) => passes(denies, {})));
  if (open.size === 0) return null;
  const somewhere = (fixed: Partial<Asked>): boolean => open.values().some((denies) => passes(denies, fixed));
  return {
    patterns: patterns.filter((pattern) => open.has(deniesOf(pattern))),
    roles: roles.filter((role) => somewhere({ role })),
    authMethods: authMethods.filter((authMethod) => somewhere({ authMethod })),
    groupIds: rule.groups === null ? 'any' : [...rule.groups].filter((id) => somewhere({ groupIds: [id] })),
  };
}
