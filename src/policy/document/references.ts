/**
 * Checks the names in a well-formed file: sets, callers, groups and issuers must be known, and ids must be unique.
 * Otherwise a rule with a misspelt name would never apply, which for a deny rule is a security hole.
 */
import { isTopLevelPattern } from '../matching/domain-pattern.ts';
import type { DocumentProblem, NameKind } from './problems.ts';
import type { PolicyFile } from './schema.ts';

export function checkReferences(file: PolicyFile, issuers: readonly string[] | 'any'): DocumentProblem[] {
  const known = {
    sets: new Set(Object.keys(file.domains ?? {})),
    groups: new Set(Object.keys(file.groups ?? {})),
    callers: new Set(Object.keys(file.callers ?? {})),
    issuers: new Set(issuers === 'any' ? Object.values(file.callers ?? {}).map(({ issuer }) => issuer) : issuers),
  };
  const mustName = (of: NameKind, name: string, path: readonly PropertyKey[]): DocumentProblem[] => {
    if (known[of].has(name)) return [];
    const mistake = { kind: 'unknown_name', of, name, known: known[of] } as const;
    return [{ path, message: unknownName(of, name, known[of]), mistake }];
  };
  const mustNameAll = (kind: 'sets' | 'groups', entries: Entries, path: readonly PropertyKey[]): DocumentProblem[] =>
    listed(entries).flatMap((entry, index) =>
      entry.startsWith('$') ? mustName(kind, entry.slice(1), [...path, index]) : [],
    );

  const wideSets = new Set(
    Object.entries(file.domains ?? {}).flatMap(([name, patterns]) =>
      patterns.some(isTopLevelPattern) ? [`$${name}`] : [],
    ),
  );

  return [
    ...Object.entries(file.callers ?? {}).flatMap(([name, { issuer }]) => [
      ...(name === 'any'
        ? [
            {
              path: ['callers', name],
              at: 'key' as const,
              message: 'any is a word of the language and cannot name a caller',
            },
          ]
        : []),
      ...mustName('issuers', issuer, ['callers', name, 'issuer']),
    ]),
    ...(file.force ?? []).flatMap((row, index) => [
      ...mustNameAll('sets', row.domains, ['force', index, 'domains']),
      ...mustNameAll('groups', row.groups, ['force', index, 'groups']),
    ]),
    ...file.rules.flatMap((row, index) => [
      ...(['allow', 'deny'] as const).flatMap((key) =>
        listed(row[key]).flatMap((name, position) =>
          name === 'any'
            ? [{ path: ['rules', index, key, position], message: ANY_IN_A_LIST[key] }]
            : mustName('callers', name, ['rules', index, key, position]),
        ),
      ),
      ...mustNameAll('sets', row.domains, ['rules', index, 'domains']),
      ...mustNameAll('groups', row.groups, ['rules', index, 'groups']),
      ...(row.allow === undefined ? [] : tooWide(wideSets, row.domains, ['rules', index, 'domains'])),
    ]),
    ...(file.tests ?? []).flatMap((row, index) => [
      ...mustName('callers', row.as, ['tests', index, 'as']),
      ...mustNameAll('groups', row.groups, ['tests', index, 'groups']),
      ...mustNameAll('groups', row.sends?.groups, ['tests', index, 'sends', 'groups']),
    ]),
    ...repeatedIds(file),
  ];
}

/** `any` cannot name a caller. */
const ANY_IN_A_LIST = {
  allow: 'unknown caller "any" (an allow rule names its callers): there is no "anyone"',
  deny: 'unknown caller "any": write deny: any, without brackets',
} as const;

type Entries = readonly string[] | 'any' | undefined;

function listed(entries: Entries): readonly string[] {
  return entries === undefined || entries === 'any' ? [] : entries;
}

const KINDS = { sets: 'domain set', groups: 'group', callers: 'caller', issuers: 'issuer' } as const;
const PLAIN_NAME = /^[\w.-]{1,64}$/;

/** Shows a name only if it has the form of one, because the text may be anything, even an address. */
function unknownName(kind: NameKind, name: string, known: ReadonlySet<string>): string {
  const shown = PLAIN_NAME.test(name) ? ` "${name}"` : '';
  return `unknown ${KINDS[kind]}${shown} (known: ${[...known].slice(0, 10).join(', ') || 'none'})`;
}

/** A deny rule may name a whole top-level domain. In an allow rule that is a mistake. */
function tooWide(wideSets: ReadonlySet<string>, domains: Entries, path: readonly PropertyKey[]): DocumentProblem[] {
  return listed(domains).flatMap((entry, index) =>
    wideSets.has(entry) || isTopLevelPattern(entry)
      ? [{ path: [...path, index], message: 'an allow rule cannot open a whole top-level domain' }]
      : [],
  );
}

/** Answers, records and counters name rules, forced values and quotas by id alone, so an id must be unique. */
function repeatedIds(file: PolicyFile): DocumentProblem[] {
  const seen = new Set<string>();
  return (['force', 'rules', 'quotas'] as const).flatMap((section) =>
    (file[section] ?? []).flatMap(({ id }, index) => {
      if (!seen.has(id)) {
        seen.add(id);
        return [];
      }
      return [
        { path: [section, index, 'id'], message: `id "${id}" is taken: ids are unique over force, rules and quotas` },
      ];
    }),
  );
}
