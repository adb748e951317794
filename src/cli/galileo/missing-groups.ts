import { nearest } from '../../lib/text/nearest.ts';
import { UUID_V4 } from '../../lib/uuid.ts';
import type { DocumentProblem } from '../../policy/document/problems.ts';
import type { PolicyFile } from '../../policy/document/schema.ts';
import type { GroupList } from '../../upstream/groups/ask-groups.ts';
import { printable } from '../command-line/text.ts';

/**
 * The places of a policy file that name a group which Galileo does not list, each with what was probably meant: the group
 * with the nearest id, else that with the nearest name. Pure. Of Galileo's groups only the nearest is shown.
 */
export function missingGroups(file: PolicyFile, { names }: Pick<GroupList, 'names'>): DocumentProblem[] {
  return groupPlaces(file)
    .filter(({ id }) => !names.has(id))
    .map(({ id, name, path }) => ({ path, message: `Galileo lists no group with this id${meant(id, name, names)}` }));
}

interface GroupPlace {
  /** Lower-case UUID. */
  readonly id: string;
  /** In the policy; null: only the id is written there. */
  readonly name: string | null;
  readonly path: readonly PropertyKey[];
}

/** Every id that is written in the file, in its order. A `$name` stands for an id that is written elsewhere. */
export function groupPlaces({ groups = {}, force = [], rules, tests = [] }: PolicyFile): readonly GroupPlace[] {
  const listed = (entries: unknown, path: readonly PropertyKey[]): GroupPlace[] =>
    Array.isArray(entries)
      ? entries.flatMap((entry: unknown, index) =>
          typeof entry === 'string' && UUID_V4.test(entry)
            ? [{ id: entry.toLowerCase(), name: null, path: [...path, index] }]
            : [],
        )
      : [];
  return [
    ...Object.entries(groups).map(([name, id]) => ({ id: id.toLowerCase(), name, path: ['groups', name] })),
    ...force.flatMap((row, index) => listed(row.groups, ['force', index, 'groups'])),
    ...rules.flatMap((row, index) => listed(row.groups, ['rules', index, 'groups'])),
    ...tests.flatMap((row, index) => [
      ...listed(row.groups, ['tests', index, 'groups']),
      ...listed(row.sends?.groups, ['tests', index, 'sends', 'groups']),
    ]),
  ];
}

/** The end of the sentence, or nothing. */
function meant(id: string, name: string | null, names: GroupList['names']): string {
  const nearId = nearest(id, [...names.keys()]);
  if (nearId !== null) return `; did you mean ${described(nearId, names.get(nearId) ?? null)}?`;
  if (name === null) return '';
  const byName = new Map([...names].flatMap(([known, its]) => (its === null ? [] : [[its, known] as const])));
  const nearName = nearest(name, [...byName.keys()]);
  return nearName === null ? '' : `; did you mean ${described(byName.get(nearName) ?? '', nearName)}?`;
}

function described(id: string, name: string | null): string {
  return name === null ? id : `${id}, "${printable(name)}"`;
}
