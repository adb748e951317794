/**
 * Compiles a checked policy file into the data that decisions are made from: hash maps by caller and by target, group
 * names resolved to ids, days as milliseconds. Nothing here decides. Invariant: a compiled policy is never changed, so
 * a request that holds one uses the same policy throughout.
 */
import type { CallerIndex } from './matching/callers.ts';
import { indexCallers } from './matching/callers.ts';
import { lowerAscii } from './matching/domain-pattern.ts';
import type { ForceRow, PolicyFile, QuotaRow, QuotaScope, RuleRow } from './document/schema.ts';
import { windowMs } from './document/schema.ts';
import type { SetIndex, TargetTable, Targeted } from './matching/target-table.ts';
import { indexRows, indexSets, push } from './matching/target-table.ts';

export interface CompiledPolicy {
  /** SHA-256 over the canonical JSON of the parsed file, 64 hex digits. */
  readonly digest: string;
  readonly callers: CallerIndex;
  /** Deny rules for all callers. */
  readonly denyAny: TargetTable<Rule>;
  readonly byCaller: ReadonlyMap<string, CallerRules>;
  readonly force: TargetTable<ForcedValues>;
  readonly quotas: readonly Quota[];
  /** From a pattern to the sets that contain it. */
  readonly setsOf: SetIndex;
  /** From the name of a set to its patterns. */
  readonly sets: ReadonlyMap<string, readonly string[]>;
  /** From a UUID to the name that people see. */
  readonly groupNames: ReadonlyMap<string, string>;
}

export interface CallerRules {
  readonly allow: TargetTable<Rule>;
  readonly deny: TargetTable<Rule>;
}

/** Null means every value. An allow rule without `groups` has the empty set: no group. */
export interface Rule extends Targeted {
  readonly id: string;
  readonly roles: ReadonlySet<string> | null;
  readonly authMethods: ReadonlySet<string> | null;
  readonly groups: ReadonlySet<string> | null;
  /** Exclusive, milliseconds since the epoch; Infinity when the rule has no end. */
  readonly untilMs: number;
  /** The day as it is written in the file. */
  readonly until: string | null;
  /** For the people who read a decision by this rule. */
  readonly note: string | null;
}

/** A field that is undefined is not forced. */
export interface ForcedValues extends Targeted {
  readonly id: string;
  readonly authMethod: ForceRow['auth_method'];
  readonly role: ForceRow['role'];
  readonly groupIds: readonly string[] | undefined;
  readonly sendEmail: boolean | undefined;
}

export interface Quota {
  readonly id: string;
  readonly per: QuotaScope;
  readonly unit: 'emails' | 'requests';
  readonly limit: number;
  /** Null for a limit per request. */
  readonly windowMs: number | null;
  /** Whether ann+1@acme.com counts as ann@acme.com. Only quotas per invitee use it. */
  readonly foldsPlus: boolean;
}

/** Expects a file without unknown names (references.ts). */
export function compilePolicy(file: PolicyFile, digest: string): CompiledPolicy {
  const groups = new Map(Object.entries(file.groups ?? {}).map(([name, id]) => [name, id.toLowerCase()]));
  const sets = new Map(Object.entries(file.domains ?? {}));
  return {
    digest,
    callers: indexCallers(file.callers ?? {}),
    ...compileRules(file.rules, groups),
    force: indexRows((file.force ?? []).map((row, order) => compileForce(row, order, groups))),
    quotas: (file.quotas ?? []).map(compileQuota),
    setsOf: indexSets(sets),
    sets,
    // If a group has two names, people see the first.
    groupNames: new Map([...groups].toReversed().map(([name, id]) => [id, name])),
  };
}

/** Turns group names ("$annotators") and UUIDs into lower-case UUIDs. */
export function resolveGroups(entries: readonly string[], groups: ReadonlyMap<string, string>): string[] {
  return entries.map((entry) => (entry.startsWith('$') ? (groups.get(entry.slice(1)) ?? entry) : entry.toLowerCase()));
}

function compileRules(rows: readonly RuleRow[], groups: ReadonlyMap<string, string>) {
  const denyAny: Rule[] = [];
  const allowed = new Map<string, Rule[]>();
  const denied = new Map<string, Rule[]>();
  for (const [order, row] of rows.entries()) {
    const rule = compileRule(row, order, groups);
    if (row.deny === 'any') denyAny.push(rule);
    else for (const caller of new Set(row.deny)) push(denied, caller, rule);
    for (const caller of new Set(row.allow)) push(allowed, caller, rule);
  }
  const names = new Set([...allowed.keys(), ...denied.keys()]);
  const rulesOf = (name: string): CallerRules => ({
    allow: indexRows(allowed.get(name) ?? []),
    deny: indexRows(denied.get(name) ?? []),
  });
  return { denyAny: indexRows(denyAny), byCaller: new Map([...names].map((name) => [name, rulesOf(name)])) };
}

function compileRule(row: RuleRow, order: number, groups: ReadonlyMap<string, string>): Rule {
  const asked = row.groups ?? (row.allow === undefined ? 'any' : []);
  return {
    id: row.id,
    ...compileTarget(row, order),
    roles: listed(row.roles),
    authMethods: listed(row.auth_methods),
    groups: asked === 'any' ? null : new Set(resolveGroups(asked, groups)),
    untilMs: row.until === undefined ? Infinity : dayStartMs(row.until),
    until: row.until ?? null,
    note: row.note ?? null,
  };
}

function compileForce(row: ForceRow, order: number, groups: ReadonlyMap<string, string>): ForcedValues {
  return {
    id: row.id,
    ...compileTarget(row, order),
    authMethod: row.auth_method,
    role: row.role,
    groupIds: row.groups === undefined ? undefined : [...new Set(resolveGroups(row.groups, groups))],
    sendEmail: row.send_email,
  };
}

function compileQuota(row: QuotaRow): Quota {
  return {
    id: row.id,
    per: row.per,
    unit: row.emails === undefined ? 'requests' : 'emails',
    limit: row.emails ?? row.requests ?? 0,
    windowMs: row.window === undefined ? null : windowMs(row.window),
    foldsPlus: row.plus_addressing === 'fold',
  };
}

function compileTarget(row: RuleRow | ForceRow, order: number): Targeted {
  return { order, domains: new Set(row.domains), emails: new Set(row.emails?.map(lowerAscii)) };
}

function listed(values: readonly string[] | 'any' | undefined): ReadonlySet<string> | null {
  return values === undefined || values === 'any' ? null : new Set(values);
}

/** 00:00 UTC of a day that the schema has checked, in milliseconds since the epoch. */
export function dayStartMs(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}
