/**
 * What a reviewer of a policy should know although nothing of it is a problem: the last day of each rule with an end,
 * the letters behind A-labels, and names that look alike. Pure.
 */
import { lettersOf } from '../../lib/text/domain-labels.ts';
import { dayStartMs } from '../../policy/compile.ts';
import type { PolicyFile } from '../../policy/document/schema.ts';

export interface RuleEnd {
  readonly rule: string;
  /** The first day without the rule, as written in the file. */
  readonly until: string;
  /** The day before, in UTC. */
  readonly last_day: string;
  readonly ended: boolean;
  /** Whole days until the end, from 0; null when it has ended. */
  readonly days_left: number | null;
}

export interface Letters {
  /** As written in the file, with `xn--`. */
  readonly domain: string;
  readonly letters: string;
}

const DAY_MS = 86_400_000;

/** In the order of the file. */
export function ruleEnds({ rules }: PolicyFile, nowMs: number): readonly RuleEnd[] {
  return rules.flatMap(({ id, until }) => {
    if (until === undefined) return [];
    const untilMs = dayStartMs(until);
    const ended = untilMs <= nowMs;
    return [
      {
        ...{ rule: id, until, last_day: new Date(untilMs - DAY_MS).toISOString().slice(0, 10), ended },
        days_left: ended ? null : Math.floor((untilMs - nowMs) / DAY_MS),
      },
    ];
  });
}

/** Each domain once, in alphabetical order. Of an address, its domain only. */
export function lettersIn({ domains = {}, force = [], rules }: PolicyFile): readonly Letters[] {
  const rows = [...force, ...rules];
  const written = [
    ...Object.values(domains).flat(),
    ...rows.flatMap((row) => row.domains ?? []),
    ...rows.flatMap((row) => row.emails ?? []).map((email) => email.slice(email.lastIndexOf('@') + 1).toLowerCase()),
  ];
  return [...new Set(written.filter((text) => text.includes('xn--')))]
    .toSorted()
    .map((domain) => ({ domain, letters: lettersOf(domain) ?? domain }));
}

/** Groups of at least two names of one kind that differ in case or joining characters only. */
export function lookAlikes({ domains = {}, groups = {}, callers = {}, force = [], rules, quotas = [] }: PolicyFile) {
  const kinds = [
    Object.keys(domains),
    Object.keys(groups),
    Object.keys(callers),
    [...force, ...rules, ...quotas].map(({ id }) => id),
  ];
  return kinds.flatMap((names) =>
    [...Map.groupBy(names, (name) => name.toLowerCase().replaceAll(/[-_.]/g, '')).values()].filter(
      (alike) => alike.length > 1,
    ),
  );
}
