import { createHash } from 'node:crypto';

/**
 * The groups of the stand-in Galileo, and its answer to `GET /v2/groups`, as Galileo's OpenAPI document describes it
 * (ListGroupsResponse): in pages, like the list of users.
 */
export interface Groups {
  /** Creates or renames a group. */
  create(id: string, name: string): void;
  remove(id: string): void;
  list(query: Readonly<Record<string, string>>): object;
}

/** Those of policy.yaml beside this file. */
export const DEMO_GROUPS: readonly (readonly [id: string, name: string])[] = [
  ['9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d', 'Annotators'],
  ['1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed', 'Reviewers'],
];

const DEFAULT_LIMIT = 100;

export function createGroups(): Groups {
  const groups = new Map<string, string>();
  return {
    create: (id, name) => void groups.set(id, name),
    remove: (id) => void groups.delete(id),
    list(query) {
      const starting_token = Number(query['starting_token'] ?? 0);
      const limit = Number(query['limit'] ?? DEFAULT_LIMIT);
      const next = starting_token + limit;
      return {
        ...{ starting_token, limit, paginated: groups.size > limit },
        next_starting_token: next < groups.size ? next : null,
        groups: [...groups].slice(starting_token, next).map(([id, name]) => ({
          ...{ id, permissions: [], name, description: null, visibility: 'public', size: 1 },
          ...{ created_at: '2026-01-05T09:00:00.000000Z', role: null },
        })),
      };
    },
  };
}

/** A UUID of version 4 that belongs to this name. */
export function groupIdOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
}
