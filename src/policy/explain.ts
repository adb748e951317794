/**
 * Explains a decision: the matching callers, the forced values, each considered rule with the keys by which it does not
 * apply, and the amounts for the quotas. It decides nothing itself: the decision comes from `decide`, and the trace
 * uses the same tables and key checks. The result is plain data; the command line turns it into sentences.
 */
import type { Principal } from '../auth/principal.ts';
import { emailAddress } from '../contract/email-address.ts';
import type { InviteUsersRequest } from '../contract/invite-users.ts';
import { matchCallers } from './matching/callers.ts';
import { chargesFor } from './quota-charges.ts';
import type { CompiledPolicy, Quota, Rule } from './compile.ts';
import type { AddressDecision, Decision, ForcedValue, Handling } from './decision.ts';
import { lowerAscii } from './matching/domain-pattern.ts';
import { askedOf, callerOf, decide, judgeAddress } from './evaluate.ts';
import type { Asked } from './matching/force.ts';
import type { KeyName } from './matching/rule-keys.ts';
import { missedKeys } from './matching/rule-keys.ts';
import { selectorsOf, targetKeys } from './matching/target-table.ts';

export interface Explanation {
  /** Every caller of the policy that the principal matches. */
  readonly callers: readonly string[];
  readonly addresses: readonly ExplainedAddress[];
  readonly quotas: readonly ExplainedQuota[];
  readonly decision: Decision;
}

export interface ExplainedAddress {
  readonly decision: AddressDecision;
  /** Which rows set which fields for this address. */
  readonly forced: readonly ForcedValue[];
  /** The rules of these callers and the deny rules for all callers, in file order. */
  readonly rules: readonly ConsideredRule[];
}

export interface ConsideredRule {
  readonly id: string;
  readonly effect: 'allow' | 'deny';
  /** An allow rule that applies allows everything that is asked; a deny rule that applies hits. */
  readonly applies: boolean;
  readonly misses: readonly Miss[];
}

/** A key by which a rule does not apply. */
export interface Miss {
  /** `target`: the rule targets other addresses. */
  readonly key: 'target' | 'until' | KeyName;
  /** The values that the rule lists under the key. Groups are given by name if they have one. */
  readonly values: readonly string[];
}

export interface ExplainedQuota {
  readonly quota: Quota;
  /** The number of counters that the request charges; 0 for a limit on each request alone. */
  readonly counters: number;
  /** The largest amount charged to one counter, or the amount compared with the limit on each request. */
  readonly amount: number;
}

/** `nowMs` as for `decide`. */
export function explain(
  policy: CompiledPolicy,
  principal: Principal,
  request: InviteUsersRequest,
  nowMs: number,
  handling: Handling = 'strict',
): Explanation {
  const caller = callerOf(policy, principal);
  const asked = askedOf(request);
  const decision = decide(policy, principal, request, nowMs, handling);
  const effects = new Map<Rule, ConsideredRule['effect']>([
    ...[policy.denyAny, ...caller.rules.map(({ deny }) => deny)].flatMap(({ rows }) =>
      rows.map((rule) => [rule, 'deny'] as const),
    ),
    ...caller.rules.flatMap(({ allow }) => allow.rows.map((rule) => [rule, 'allow'] as const)),
  ]);
  const inOrder = [...effects].toSorted(([a], [b]) => a.order - b.order);
  return {
    callers: matchCallers(policy.callers, principal),
    decision,
    addresses: decision.addresses.map((verdict) => {
      const { forced } = judgeAddress(policy, caller, verdict.email, asked, nowMs);
      const selectors =
        emailAddress(verdict.email) === null ? [] : selectorsOf(policy.setsOf, lowerAscii(verdict.email));
      return {
        decision: verdict,
        forced: forced.applied,
        rules: inOrder.map(([rule, effect]): ConsideredRule => {
          const misses = missesOf(policy, { rule, effect, selectors, values: forced.values, nowMs });
          return { id: rule.id, effect, applies: misses.length === 0, misses };
        }),
      };
    }),
    quotas: policy.quotas.map((quota) => explainQuota(policy, principal, quota, decision)),
  };
}

interface Considered {
  readonly rule: Rule;
  readonly effect: ConsideredRule['effect'];
  readonly selectors: readonly string[];
  readonly values: Asked;
  readonly nowMs: number;
}

function missesOf(policy: CompiledPolicy, { rule, effect, selectors, values, nowMs }: Considered): Miss[] {
  const isOpen = rule.domains.size === 0 && rule.emails.size === 0;
  const aims = isOpen || targetKeys(rule, selectors).length > 0;
  const named = (id: string): string => policy.groupNames.get(id) ?? id;
  return [
    ...(aims ? [] : [{ key: 'target' as const, values: [...rule.domains, ...rule.emails] }]),
    ...(nowMs < rule.untilMs ? [] : [{ key: 'until' as const, values: [rule.until ?? ''] }]),
    ...missedKeys(rule, values, effect).map(({ key, listed }) => ({
      key,
      values: key === 'groups' ? [...listed].map(named) : [...listed],
    })),
  ];
}

function explainQuota(policy: CompiledPolicy, principal: Principal, quota: Quota, decision: Decision): ExplainedQuota {
  const { emails } = decision.effective;
  const charges = chargesFor({ ...policy, quotas: [quota] }, principal, emails);
  const amounts = quota.windowMs === null ? [emails.length] : charges.map(({ amount }) => amount);
  return { quota, counters: charges.length, amount: Math.max(0, ...amounts) };
}
