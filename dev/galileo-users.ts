import { createHash } from 'node:crypto';

/**
 * The users of the stand-in Galileo, and its answer to `POST /v2/users/all`, as published at
 * v2docs.galileo.ai/api-reference/users/list-users-paginated: newest first, in pages, restricted by filters
 * (`name`, `operator`, `value`). It implements only the one filter and the two operators that its callers use.
 */
export interface Users {
  setClock(now: () => number): void;
  /** Creates the users that do not exist yet, at the current time. */
  invite(emails: readonly string[]): void;
  create(email: string, createdAtMs: number | null): void;
  list(query: Readonly<Record<string, string>>, body: string): { readonly status: 200 | 422; readonly body: object };
}

interface User {
  readonly email: string;
  readonly createdAtMs: number | null;
}

interface Filter {
  readonly name: string;
  readonly operator: string;
  readonly value: unknown;
}

const DEFAULT_LIMIT = 100;

export function createUsers(): Users {
  const users = new Map<string, User>();
  let now: () => number = Date.now;

  const create: Users['create'] = (email, createdAtMs) => void users.set(email.toLowerCase(), { email, createdAtMs });

  return {
    create,
    setClock(clock) {
      now = clock;
    },
    invite(emails) {
      for (const email of emails) if (!users.has(email.toLowerCase())) create(email, now());
    },
    list(query, body) {
      const starting_token = Number(query['starting_token'] ?? 0);
      const limit = Number(query['limit'] ?? DEFAULT_LIMIT);
      const { filters = [] } = JSON.parse(body) as { filters?: readonly Filter[] };
      const fault = filters.findIndex((filter) => !isKnown(filter));
      if (fault >= 0) {
        const detail = [
          { type: 'union_tag_invalid', loc: ['body', 'filters', fault], msg: 'Input tag is not expected' },
        ];
        return { status: 422, body: { detail } };
      }
      const found = [...users.values()]
        .filter(({ email }) => filters.every(({ value }) => [value].flat().includes(email)))
        .toSorted((one, other) => (other.createdAtMs ?? 0) - (one.createdAtMs ?? 0));
      const next = starting_token + limit;
      return {
        status: 200,
        body: {
          ...{ starting_token, limit, paginated: found.length > limit },
          next_starting_token: next < found.length ? next : null,
          users: found.slice(starting_token, next).map(toAnswer),
        },
      };
    },
  };
}

function isKnown({ name, operator }: Filter): boolean {
  return name === 'email' && (operator === 'one_of' || operator === 'eq');
}

function toAnswer({ email, createdAtMs }: User): object {
  const times =
    createdAtMs === null ? {} : { created_at: inMicroseconds(createdAtMs), updated_at: inMicroseconds(createdAtMs) };
  return {
    id: toUuid4(email),
    permissions: [],
    email,
    ...{ first_name: '', last_name: '', auth_method: 'email', role: 'user', email_is_verified: false },
    organization_id: '0d4c6a1e-1c53-4f1e-9a57-2f5c1f5f7f10',
    organization_name: 'Example',
    ...times,
    ...{ projects_count: 0, runs_count: 0 },
  };
}

function inMicroseconds(ms: number): string {
  return new Date(ms).toISOString().replace(/Z$/, '000Z');
}

function toUuid4(email: string): string {
  const hex = createHash('sha256').update(email.toLowerCase()).digest('hex');
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
}
