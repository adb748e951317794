/** What a form offers, from `GET /v2/invite_policy`. The verdict on what was chosen is the dry run's. */
import type { InvitePolicy } from 'galileo-invite-client';

export interface FormChoices {
  readonly roles: readonly string[];
  readonly authMethods: readonly string[];
  /** `any`: every group of Galileo may be asked for, and the form lets people type ids. */
  readonly groups: 'any' | readonly { readonly id: string; readonly name: string | null }[];
  /** For a hint beside the field, as in "acme.com, *.acme.com". */
  readonly domains: readonly string[];
  /** Addresses in one request. */
  readonly maxEmails: number;
  /** What the policy sets whatever was chosen: show it as it will be. */
  readonly forced: InvitePolicy['forced'];
}

/** The most that one request may have, whatever the policy says. */
const MAX_EMAILS = 500;

export function formChoices({ rules, limits, forced }: InvitePolicy): FormChoices {
  const perRequest = limits.filter(({ per, unit }) => per === 'request' && unit === 'emails');
  return {
    roles: [...new Set(rules.flatMap(({ roles }) => roles))],
    authMethods: [...new Set(rules.flatMap(({ auth_methods }) => auth_methods))],
    groups: rules.some(({ groups }) => groups === 'any') ? 'any' : [...groupsOf(rules).values()],
    domains: [...new Set(rules.flatMap(({ domains }) => domains))],
    maxEmails: Math.min(MAX_EMAILS, ...perRequest.map(({ limit }) => limit)),
    forced,
  };
}

/** By id: several rules may name the same group. */
function groupsOf(rules: InvitePolicy['rules']): Map<string, { id: string; name: string | null }> {
  const groups = rules.flatMap((rule) => (rule.groups === 'any' ? [] : rule.groups));
  return new Map(groups.map((group) => [group.id, group]));
}
