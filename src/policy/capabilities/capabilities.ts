/**
 * The capabilities of one principal now, for GET /v2/invite_policy: the allow rules of its callers, reduced by the deny
 * rules. They never include another caller's rule, a deny rule, or a counter about other people. Names are snake_case
 * because this is a wire format.
 */
import type { Principal } from '../../auth/principal.ts';
import type { CallerRules, CompiledPolicy, ForcedValues, Rule } from '../compile.ts';
import type { GroupNames } from './group-names.ts';
import { coveringPatterns } from '../matching/domain-pattern.ts';
import { callerOf } from '../evaluate.ts';
import type { QuotaScope } from '../document/schema.ts';
import { stillAllowed } from '../matching/still-allowed.ts';
import { rowsAimedAt, selectorsOf } from '../matching/target-table.ts';

export interface Capabilities {
  /** 64 hex digits. */
  readonly digest: string;
  readonly rules: readonly AllowedRule[];
  /** Values that may be forced for addresses that this caller may invite. */
  readonly forced: readonly ForcedRule[];
  readonly limits: readonly Limit[];
}

const NO_NAMES: GroupNames['names'] = new Map();

type NameGroup = (id: string) => NamedGroup;

interface Target {
  /** Sets are written out. "*.acme.com" is sub-domains of any depth. */
  readonly domains: readonly string[];
  readonly emails: readonly string[];
}

export interface AllowedRule extends Target {
  readonly id: string;
  readonly roles: readonly string[];
  readonly auth_methods: readonly string[];
  /** Empty: no group may be requested. */
  readonly groups: 'any' | readonly NamedGroup[];
  /** YYYY-MM-DD: the rule ends at 00:00 UTC of that day. */
  readonly until: string | null;
  /** What the policy's authors say about the rule; null when nothing. */
  readonly note: string | null;
}

export interface NamedGroup {
  readonly id: string;
  readonly name: string | null;
}

export interface ForcedRule extends Target {
  readonly id: string;
  readonly auth_method?: string;
  readonly role?: string;
  readonly groups?: readonly NamedGroup[];
  readonly send_email?: boolean;
}

export interface Limit {
  readonly id: string;
  readonly per: QuotaScope;
  readonly unit: 'emails' | 'requests';
  readonly limit: number;
  /** Null: the limit is for each request alone. */
  readonly window_s: number | null;
}

export function describeCapabilities(
  policy: CompiledPolicy,
  principal: Principal,
  nowMs: number,
  others: GroupNames['names'] = NO_NAMES,
): Capabilities {
  const name: NameGroup = (id) => ({ id, name: policy.groupNames.get(id) ?? others.get(id) ?? null });
  const { rules: callers } = callerOf(policy, principal);
  const inForce = (rule: Rule): boolean => nowMs < rule.untilMs;
  const allows = new Set(callers.flatMap(({ allow }) => allow.rows).filter(inForce));
  const denies = coveringDenies(policy, callers, inForce);
  const rules = [...allows]
    .toSorted((a, b) => a.order - b.order)
    .flatMap((rule) => describeRule(policy, rule, denies, name) ?? []);
  return {
    digest: policy.digest,
    rules,
    forced: describeForced(policy, rules, name),
    limits: policy.quotas.map(({ id, per, unit, limit, windowMs }) => ({
      id,
      per,
      unit,
      limit,
      window_s: windowMs === null ? null : windowMs / 1000,
    })),
  };
}

/**
 * The deny rules in force that cover a whole pattern. If a rule covers a part of it, the address is refused with its
 * reason. Each pattern is looked up once, and patterns that the same rules cover share one list.
 */
function coveringDenies(
  policy: CompiledPolicy,
  callers: readonly CallerRules[],
  inForce: (rule: Rule) => boolean,
): (pattern: string) => readonly Rule[] {
  const tables = [policy.denyAny, ...callers.map(({ deny }) => deny)];
  const byPattern = new Map<string, readonly Rule[]>();
  const lists = new Map<string, readonly Rule[]>();
  return (pattern) => {
    const known = byPattern.get(pattern);
    if (known !== undefined) return known;
    const found = rowsAimedAt(tables, selectorsOf(policy.setsOf, pattern)).filter(inForce);
    const key = found.map(({ order }) => order).join(' ');
    const list = lists.get(key) ?? found;
    lists.set(key, list);
    byPattern.set(pattern, list);
    return list;
  };
}

/** Null when the deny rules leave nothing of the rule. */
function describeRule(
  policy: CompiledPolicy,
  rule: Rule,
  denies: (pattern: string) => readonly Rule[],
  name: NameGroup,
): AllowedRule | null {
  const left = stillAllowed(rule, [...expand(policy, rule.domains), ...rule.emails], denies);
  if (left === null) return null;
  return {
    id: rule.id,
    ...splitTarget(left.patterns),
    roles: left.roles,
    auth_methods: left.authMethods,
    groups: left.groupIds === 'any' ? 'any' : left.groupIds.map(name),
    until: rule.until,
    note: rule.note,
  };
}

/** Forced values with a target that overlaps these rules, each reduced to the overlapping part. */
function describeForced(policy: CompiledPolicy, rules: readonly AllowedRule[], name: NameGroup): ForcedRule[] {
  const own = new Set(rules.flatMap(({ domains, emails }) => [...domains, ...emails]));
  const aboveOwn = new Set([...own].flatMap(coveringPatterns));
  const meets = (pattern: string): boolean =>
    aboveOwn.has(pattern) || coveringPatterns(pattern).some((covering) => own.has(covering));
  return policy.force.rows.flatMap((row) => {
    const met = [...expand(policy, row.domains), ...row.emails].filter(meets);
    return met.length === 0 ? [] : [{ id: row.id, ...splitTarget(met), ...forcedFields(row, name) }];
  });
}

function forcedFields(
  { authMethod, role, groupIds, sendEmail }: ForcedValues,
  name: NameGroup,
): Omit<ForcedRule, 'id' | keyof Target> {
  return {
    ...(authMethod === undefined ? {} : { auth_method: authMethod }),
    ...(role === undefined ? {} : { role }),
    ...(groupIds === undefined ? {} : { groups: groupIds.map(name) }),
    ...(sendEmail === undefined ? {} : { send_email: sendEmail }),
  };
}

/** Replaces sets by their patterns. Each pattern appears once. */
function expand(policy: CompiledPolicy, selectors: Iterable<string>): string[] {
  const patterns = [...selectors].flatMap((selector) =>
    selector.startsWith('$') ? (policy.sets.get(selector.slice(1)) ?? []) : [selector],
  );
  return [...new Set(patterns)];
}

function splitTarget(patterns: readonly string[]): Target {
  const isEmail = (pattern: string): boolean => pattern.includes('@');
  return { domains: patterns.filter((pattern) => !isEmail(pattern)), emails: patterns.filter(isEmail) };
}
