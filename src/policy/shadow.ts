/**
 * Compares the decisions of the active policy and of the shadow policy on the same request. Differences are reported by
 * rule id, never by address. Pure. Only outcomes are compared: two policies agree if they allow an address by rules
 * with different names. Quota counters are not part of a decision, so they are not compared.
 */
import type { AddressDecision, Decision, ForcedValue } from './decision.ts';

export interface Divergence {
  readonly kind: 'would_allow' | 'would_deny' | 'other_values';
  /** The rule (force row, quota) that decided; null when none did. */
  readonly activeRule: string | null;
  readonly shadowRule: string | null;
  /** The reasons of the denying policy; for `other_values`, the fields that differ. */
  readonly because: readonly string[];
  /** The number of affected addresses. */
  readonly addresses: number;
}

/** Equal differences are merged, in order of first appearance. Both decisions must be on the same request. */
export function divergences(active: Decision, shadow: Decision): Divergence[] {
  const each = active.addresses.flatMap((address, index) => compareAddress(address, shadow.addresses[index]));
  const groups = Map.groupBy([...each, ...compareValues(active, shadow)], ({ kind, activeRule, shadowRule, because }) =>
    JSON.stringify([kind, activeRule, shadowRule, because]),
  );
  return [...groups.values()].flatMap((members) => {
    const [first] = members;
    return first === undefined ? [] : [{ ...first, addresses: sum(members.map(({ addresses }) => addresses)) }];
  });
}

function compareAddress(active: AddressDecision, shadow: AddressDecision | undefined): Divergence[] {
  if (shadow === undefined || active.decision === shadow.decision) return [];
  const wouldAllow = shadow.decision === 'allow';
  return [
    {
      kind: wouldAllow ? 'would_allow' : 'would_deny',
      activeRule: active.rule,
      shadowRule: shadow.rule,
      because: wouldAllow ? active.because : shadow.because,
      addresses: 1,
    },
  ];
}

const FIELDS = ['auth_method', 'role', 'group_ids', 'send_email'] as const satisfies readonly ForcedValue['field'][];

/** One difference for each field that would be sent with another value. Only if both policies would send something. */
function compareValues(active: Decision, shadow: Decision): Divergence[] {
  if (active.verdict === 'deny' || shadow.verdict === 'deny') return [];
  const sent = new Set(active.effective.emails);
  const addresses = shadow.effective.emails.filter((email) => sent.has(email)).length;
  if (addresses === 0) return [];
  return FIELDS.filter((field) => valueOf(active, field) !== valueOf(shadow, field)).map((field) => ({
    kind: 'other_values',
    activeRule: ruleOf(active, field),
    shadowRule: ruleOf(shadow, field),
    because: [field],
    addresses,
  }));
}

/** Groups are a set: order and repetition make no difference. */
function valueOf({ effective }: Decision, field: (typeof FIELDS)[number]): string {
  const value = effective[field];
  return JSON.stringify(Array.isArray(value) ? [...new Set(value)].toSorted() : value);
}

function ruleOf({ forced }: Decision, field: (typeof FIELDS)[number]): string | null {
  return forced.find((value) => value.field === field)?.rule ?? null;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
