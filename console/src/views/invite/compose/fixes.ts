/** What would help an address that is refused, from the rules that the person can see. Pure. */
import type { InvitePolicy } from 'galileo-invite-client';
import { isAimedAt } from 'galileo-invite-client';
import { TEXTS } from '../../../texts.ts';

/** `because`: the reasons of a first opinion or of a verdict. Null: nothing that the person can do is known. */
export function fixFor(policy: InvitePolicy, email: string, because: readonly string[]): string | null {
  const rules = policy.rules.filter((rule) => isAimedAt(rule, email));
  const { fixes, roleNames, methodNames } = TEXTS.invite;
  const fixed = because.flatMap((reason) => {
    switch (reason) {
      case 'no-rule':
        return [fixes.otherDomain([...new Set(policy.rules.flatMap(({ domains }) => domains))])];
      case 'roles':
        return [fixes.otherRole([...new Set(rules.flatMap(({ roles }) => roles))].map((one) => roleNames[one]))];
      case 'auth_methods':
        return [
          fixes.otherMethod([...new Set(rules.flatMap((rule) => rule.auth_methods))].map((one) => methodNames[one])),
        ];
      case 'groups': {
        const groups = rules.flatMap((rule) => (rule.groups === 'any' ? [] : rule.groups));
        return [fixes.otherGroups([...new Set(groups.map(({ id, name }) => name ?? id))])];
      }
      case 'domains':
      case 'emails':
        return [fixes.remove];
      default:
        return [];
    }
  });
  return fixed.length === 0 ? null : fixed.join(' ');
}
