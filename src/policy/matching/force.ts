/**
 * Forced values. They are applied to an address before the rules are checked. For each field, the first row of the file
 * that targets the address and sets the field wins. One body is sent for a whole batch, so addresses with different
 * values cannot be sent together. This file also chooses the values of a batch.
 */
import type { ForcedValues } from '../compile.ts';
import type { AddressDecision, ForcedValue } from '../decision.ts';
import type { InviteUsersRequest } from '../../contract/invite-users.ts';

/** The values asked for an address, which rules are compared with. Group ids are in lower case. */
export interface Asked {
  readonly authMethod: InviteUsersRequest['auth_method'];
  readonly role: InviteUsersRequest['role'];
  readonly groupIds: readonly string[];
  readonly sendEmail: boolean;
}

export interface Forced {
  readonly values: Asked;
  /** The row that set each field, even if the caller asked for the same value. */
  readonly applied: readonly ForcedValue[];
  /** Equal for addresses that can share one body. */
  readonly key: string;
}

/** Pairs: the field of a row, the field of the request. */
const FIELDS = [
  ['authMethod', 'auth_method'],
  ['role', 'role'],
  ['groupIds', 'group_ids'],
  ['sendEmail', 'send_email'],
] as const;

/** `rows` are those that target the address, in file order. */
export function applyForce(rows: readonly ForcedValues[], asked: Asked): Forced {
  const applied: ForcedValue[] = [];
  const forced: Record<string, unknown> = {};
  for (const [key, field] of FIELDS) {
    const row = rows.find((candidate) => candidate[key] !== undefined);
    const value = row?.[key];
    if (row === undefined || value === undefined) continue;
    applied.push({ rule: row.id, field, value });
    forced[key] = value;
  }
  const values = { ...asked, ...forced };
  return { values, applied, key: keyOf(values) };
}

/**
 * Chooses the values of a batch: those of most allowed addresses or, if none is allowed, of most addresses. On a tie,
 * the values of the first address win. Undefined for an empty batch.
 */
export function chooseForced(
  judged: readonly { readonly decision: AddressDecision; readonly forced: Forced }[],
): Forced | undefined {
  const [some] = judged;
  // As usual: all share one judgement, whose list names each field once.
  if (judged.every(({ forced }) => forced === some?.forced)) return some?.forced;
  const allowed = judged.filter(({ decision }) => decision.decision === 'allow');
  const sets = Map.groupBy(allowed.length > 0 ? allowed : judged, ({ forced }) => forced.key);
  const [largest = []] = [...sets.values()].toSorted((a, b) => b.length - a.length);
  const [first] = largest;
  // Addresses that share their judgement share the list of what was applied.
  const applied = [...new Set(largest.map(({ forced }) => forced.applied))];
  return first && { ...first.forced, applied: distinct(applied.flat()) };
}

function distinct(applied: readonly ForcedValue[]): ForcedValue[] {
  return [...new Map(applied.map((value) => [JSON.stringify([value.rule, value.field]), value])).values()];
}

/** The row that causes the difference: the address's own row, else the one that applies to the rest of the batch. */
export function differingRule(own: Forced, chosen: Forced): string | null {
  const field = FIELDS.find(([key]) => canonicalValue(own.values[key]) !== canonicalValue(chosen.values[key]))?.[1];
  return [...own.applied, ...chosen.applied].find((value) => value.field === field)?.rule ?? null;
}

function keyOf(values: Asked): string {
  return JSON.stringify(FIELDS.map(([key]) => canonicalValue(values[key])));
}

/** Equal for equal values. Groups are a set: their order makes no difference. */
function canonicalValue(value: Asked[keyof Asked]): string | boolean {
  return typeof value === 'object' ? JSON.stringify([...new Set(value)].toSorted(byCodeUnits)) : value;
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
