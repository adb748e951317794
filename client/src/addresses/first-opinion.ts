/**
 * A first opinion on a request, from the rules that its caller can see. It is no verdict: the dry run is. Invariant: the
 * service, with this policy, refuses every address that is refused here. It may refuse others, because deny rules for a
 * part of a domain and limits of other people cannot be seen.
 */
import type { InvitePolicy, InviteUsersRequest } from '../api-types.ts';
import { isEmailAddress } from './email-address.ts';
import { forcedFor, isAimedAt } from './visible-policy.ts';

export interface FirstOpinion {
  readonly email: string;
  readonly opinion: 'refused by what you can see' | 'not refused by what you can see';
  /**
   * Empty when not refused. `address`: not the form of one. `no-rule`: no rule covers it. Otherwise what the nearest rule
   * does not allow.
   */
  readonly because: readonly ('address' | 'no-rule' | 'roles' | 'auth_methods' | 'groups')[];
}

export function firstOpinion(policy: InvitePolicy, request: InviteUsersRequest): FirstOpinion[] {
  return request.emails.map((email) => {
    const because = isEmailAddress(email) ? reasons(policy, request, email) : (['address'] as const);
    return {
      email,
      opinion: because.length === 0 ? 'not refused by what you can see' : 'refused by what you can see',
      because,
    };
  });
}

function reasons(policy: InvitePolicy, request: InviteUsersRequest, email: string): FirstOpinion['because'] {
  const forced = forcedFor(policy, email);
  const authMethod = forced.auth_method ?? request.auth_method ?? 'email';
  const role = forced.role ?? request.role ?? 'user';
  const groupIds = forced.groups?.map(({ id }) => id) ?? request.group_ids ?? [];
  const failing = policy.rules
    .filter((rule) => isAimedAt(rule, email))
    .map((rule) => {
      const listed = rule.groups;
      const allowsGroups =
        listed === 'any' || groupIds.every((asked) => listed.some(({ id }) => id === asked.toLowerCase()));
      return [
        ...(rule.roles.includes(role) ? [] : ['roles' as const]),
        ...(rule.auth_methods.includes(authMethod) ? [] : ['auth_methods' as const]),
        ...(allowsGroups ? [] : ['groups' as const]),
      ];
    });
  const fewest = Math.min(...failing.map(({ length }) => length));
  return failing.find(({ length }) => length === fewest) ?? ['no-rule'];
}
