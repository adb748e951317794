/**
 * What the rules that a person can see let them choose, and what the policy sets whatever they choose. Pure. A choice is
 * open when some rule allows it for some address of the list (of any list, while it is empty). Whether one rule allows
 * the whole is for the first opinion and the verdict to say.
 */
import type { AuthMethod, InvitePolicy, UserRole } from 'galileo-invite-client';
import { forcedFor, isAimedAt } from 'galileo-invite-client';
import type { Choices } from './draft.ts';

export interface Group {
  readonly id: string;
  readonly name: string;
}

export interface Allowed {
  readonly roles: ReadonlySet<UserRole>;
  readonly authMethods: ReadonlySet<AuthMethod>;
  /** Groups with a name in a rule, or one that the policy sets. */
  readonly groups: readonly Group[];
  readonly groupsAllowed: ReadonlySet<string>;
  /** Some rule allows every group, so an id can be typed. */
  readonly anyGroup: boolean;
}

type Rule = InvitePolicy['rules'][number];

export function allowedBy({ rules }: InvitePolicy, addresses: readonly string[]): Allowed {
  const aimed = addresses.length === 0 ? rules : rules.filter((rule) => addresses.some((one) => isAimedAt(rule, one)));
  // With no rule for any address, the addresses are the problem and not the choices.
  const counted = aimed.length === 0 ? rules : aimed;
  return {
    roles: new Set(counted.flatMap(({ roles }) => roles)),
    authMethods: new Set(counted.flatMap((rule) => rule.auth_methods)),
    groups: [...new Map(rules.flatMap(groupsOf).map((group) => [group.id, group])).values()],
    groupsAllowed: new Set(counted.flatMap(groupsOf).map(({ id }) => id)),
    anyGroup: counted.some(({ groups }) => groups === 'any'),
  };
}

function groupsOf({ groups }: Rule): Group[] {
  return groups === 'any' ? [] : groups.map(({ id, name }) => ({ id, name: name ?? id }));
}

/** The first choice of each kind that is open, where the present one is not. */
export function suggest(choices: Choices, { roles, authMethods }: Allowed): Choices {
  return {
    ...choices,
    role: roles.has(choices.role) ? choices.role : (first(roles) ?? choices.role),
    authMethod: authMethods.has(choices.authMethod) ? choices.authMethod : (first(authMethods) ?? choices.authMethod),
  };
}

function first<Value>(values: ReadonlySet<Value>): Value | undefined {
  return [...values][0];
}

export interface ForcedNote {
  readonly field: 'auth_method' | 'role' | 'groups' | 'send_email';
  readonly value: string | boolean;
  readonly addresses: number;
}

/** What will be sent whatever is chosen, each value with the number of addresses. */
export function forcedNotes(policy: InvitePolicy, addresses: readonly string[]): readonly ForcedNote[] {
  const notes = new Map<string, ForcedNote>();
  for (const email of addresses) {
    const { groups, ...rest } = forcedFor(policy, email);
    const values = { ...rest, groups: groups?.map(({ id, name }) => name ?? id).join(', ') };
    for (const field of ['auth_method', 'role', 'groups', 'send_email'] as const) {
      const value = values[field];
      if (value === undefined) continue;
      const key = JSON.stringify([field, value]);
      notes.set(key, { field, value, addresses: (notes.get(key)?.addresses ?? 0) + 1 });
    }
  }
  return [...notes.values()];
}
