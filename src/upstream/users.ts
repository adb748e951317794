import * as z from 'zod';

import type { Deadlines, HttpPort, HttpResult } from '../ports/http.ts';
import type { Unanswered } from './ask-signed-in.ts';
import { askSignedIn, readJson, unanswered } from './ask-signed-in.ts';
import type { Credential, Credentials, SecretSearch } from './credentials.ts';
import { buildUsersRequest, usersUrl } from './request.ts';

/**
 * Asks Galileo for the users with these addresses and their creation times (`POST /v2/users/all`, read-only). Route,
 * paging and answer are published at v2docs.galileo.ai/api-reference/users/list-users-paginated. No published text
 * describes the filter for addresses, so its shape is that of the other `one_of` filters in rungalileo/galileo-python,
 * openapi.yaml (ProjectNameFilter). The result contains only times. A server that ignores the filter does no harm:
 * users that were not asked for are skipped, and a list that is too long to read to its end proves nothing.
 */
export type AskUsers = (addresses: readonly string[]) => Promise<UsersAnswer>;

/** One entry per address, in order. */
export type UsersAnswer = { readonly kind: 'answered'; readonly users: readonly AskedUser[] } | Unanswered;

export interface AskedUser {
  readonly email: string;
  /** Galileo's value, RFC 3339; null when there is no such user or no creation time. */
  readonly createdAt: string | null;
}

export interface AskUsersDeps {
  readonly http: HttpPort;
  readonly credentials: Credentials;
  readonly baseUrl: string;
  /** For each exchange. */
  readonly deadlines: Deadlines;
  readonly version: string;
}

/**
 * Addresses per request: with their lower-case spellings at most 200 values, and one page has a user for each address.
 */
const ADDRESSES_AT_ONCE = 100;
const PAGE_SIZE = 100;
const MAX_PAGES = 10;

/** RFC 3339 with an offset: a time without an offset could be hours off. */
const instant = z.string().regex(/^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/);
const pageSchema = z.object({
  users: z.array(z.unknown()),
  next_starting_token: z.int().nonnegative().nullish(),
});
/** Tolerant: other members differ between versions of the server. */
const userSchema = z.object({
  email: z.string(),
  created_at: instant
    .refine((text) => !Number.isNaN(Date.parse(text)))
    .nullable()
    .catch(null),
});

interface Page {
  readonly kind: 'page';
  readonly users: readonly z.output<typeof userSchema>[];
  readonly next: number | null;
}

/** Throws a TypeError when the address is unfit. The returned function never throws. */
export function createAskUsers(deps: AskUsersDeps): AskUsers {
  const { http, deadlines, version } = deps;
  const url = usersUrl(deps.baseUrl);

  return async function askUsers(addresses) {
    return await askSignedIn(
      deps.credentials,
      { withinMs: deadlines.totalMs, mayProve: true },
      async (credential, holdsSecret) => {
        const since = new Map<string, string | null>();
        for (let from = 0; from < addresses.length; from += ADDRESSES_AT_ONCE) {
          const chunk = addresses.slice(from, from + ADDRESSES_AT_ONCE);
          const failed = await readList(chunk, { credential, holdsSecret }, since);
          if (failed !== null) return failed;
        }
        const users = addresses.map((email) => ({ email, createdAt: since.get(email.toLowerCase()) ?? null }));
        return { kind: 'answered', users };
      },
    );
  };

  /** Adds the creation times of the list to `since`, by lower-case address; null when it was read to its end. */
  async function readList(
    chunk: readonly string[],
    { credential, holdsSecret }: { readonly credential: Credential; readonly holdsSecret: SecretSearch },
    since: Map<string, string | null>,
  ): Promise<Unanswered | null> {
    // It is not published whether the filter ignores case, so each address is asked for as sent and in lower case.
    const emails = [...new Set(chunk.flatMap((email) => [email, email.toLowerCase()]))];
    let startingToken = 0;
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const page = { startingToken, limit: PAGE_SIZE };
      const request = buildUsersRequest({ url, credential, page, emails, deadlines, version });
      const read = readPage(await http.exchange(request), holdsSecret);
      if (read.kind === 'unanswered') return read;
      for (const { email, created_at: createdAt } of read.users) {
        const known = since.get(email.toLowerCase());
        since.set(email.toLowerCase(), known === undefined ? createdAt : earlier(known, createdAt));
      }
      if (read.next === null) return null;
      if (read.next <= startingToken) return unanswered('other_shape');
      startingToken = read.next;
    }
    return unanswered('list_too_long');
  }
}

function readPage(result: HttpResult, holdsSecret: SecretSearch): Page | Unanswered {
  const read = readJson(result, holdsSecret);
  if (read.kind === 'unanswered') return read;
  const page = pageSchema.safeParse(read.json);
  if (!page.success) return unanswered('other_shape', read.status);
  const users = page.data.users.flatMap((entry) => userSchema.safeParse(entry).data ?? []);
  return { kind: 'page', users, next: page.data.next_starting_token ?? null };
}

/**
 * Of two users with the same address, the older one counts; an unknown creation time counts as the oldest. So neither
 * is taken as proof of a new user.
 */
function earlier(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return null;
  return Date.parse(one) <= Date.parse(other) ? one : other;
}
