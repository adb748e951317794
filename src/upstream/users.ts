import * as z from 'zod';

import type { Deadlines, HttpPort, HttpResult, MaybeSentReason, NotSentReason } from '../ports/http.ts';
import type { Credential, Credentials, CredentialVerdict, RequestCredentials } from './credentials.ts';
import { isCredential } from './credentials.ts';
import { buildUsersRequest, usersUrl } from './request.ts';

/**
 * Asks Galileo for the users with these addresses and their creation times (`POST /v2/users/all`, read-only). Route,
 * paging and answer are published at v2docs.galileo.ai/api-reference/users/list-users-paginated. No published text
 * describes the filter for addresses, so its shape is that of the other `one_of` filters in rungalileo/galileo-python,
 * openapi.yaml (ProjectNameFilter). The result contains only times. A server that ignores the filter does no harm:
 * users that were not asked for are skipped, and a list that is too long to read to its end proves nothing.
 */
export type AskUsers = (addresses: readonly string[]) => Promise<UsersAnswer>;

export type UsersAnswer =
  /** One entry per address, in order. */
  | { readonly kind: 'answered'; readonly users: readonly AskedUser[] }
  | { readonly kind: 'unanswered'; readonly reason: UnansweredReason; readonly status: number | null };

export interface AskedUser {
  readonly email: string;
  /** Galileo's value, RFC 3339; null when there is no such user or no creation time. */
  readonly createdAt: string | null;
}

export type UnansweredReason =
  | NotSentReason
  | MaybeSentReason
  | 'key_unavailable'
  | 'credentials_rejected'
  | 'other_status'
  | 'holds_key'
  | 'not_json'
  | 'other_shape'
  | 'list_too_long'
  | 'interrupted';

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
type Unanswered = Extract<UsersAnswer, { kind: 'unanswered' }>;

/** Throws a TypeError when the address is unfit. The returned function never throws. */
export function createAskUsers(deps: AskUsersDeps): AskUsers {
  const { http, deadlines, version } = deps;
  const url = usersUrl(deps.baseUrl);

  return async function askUsers(addresses) {
    const credentials = await deps.credentials.credentials().catch(() => null);
    if (credentials === null) return unanswered('key_unavailable');
    // The exception may contain request fields, so it is not logged.
    return await askSignedIn(addresses, credentials).catch(() => unanswered('interrupted'));
  };

  /**
   * Uses another credential when the first one is rejected, as sending does: a key rotation or a token that is no longer
   * valid must not stop reconciliation.
   */
  async function askSignedIn(addresses: readonly string[], credentials: RequestCredentials): Promise<UsersAnswer> {
    const credential = await credentials.first(deadlines.totalMs);
    if (!isCredential(credential)) return unanswered('key_unavailable');
    let verdict: CredentialVerdict = 'unproven';
    let first: UsersAnswer;
    try {
      first = await askWith(credential);
      verdict = verdictOf(first);
    } finally {
      await credentials.report?.(credential, verdict);
    }
    // A 403 is no reason to sign in again, but the next key may belong to an account that may ask.
    const mayRetry =
      first.kind === 'unanswered' &&
      first.reason === 'credentials_rejected' &&
      (first.status === 401 || credential.scheme === 'api_key');
    const other = mayRetry ? await credentials.afterRejection(credential, deadlines.totalMs) : null;
    return other !== null && isCredential(other) ? await askWith(other) : first;

    async function askWith(signedIn: Credential): Promise<UsersAnswer> {
      const since = new Map<string, string | null>();
      for (let from = 0; from < addresses.length; from += ADDRESSES_AT_ONCE) {
        const failed = await readList(addresses.slice(from, from + ADDRESSES_AT_ONCE), signedIn, since);
        if (failed !== null) return failed;
      }
      const users = addresses.map((email) => ({ email, createdAt: since.get(email.toLowerCase()) ?? null }));
      return { kind: 'answered', users };
    }

    /** Adds the creation times of the list to `since`, by lower-case address; null when it was read to its end. */
    async function readList(chunk: readonly string[], signedIn: Credential, since: Map<string, string | null>) {
      // It is not published whether the filter ignores case, so each address is asked for as sent and in lower case.
      const emails = [...new Set(chunk.flatMap((email) => [email, email.toLowerCase()]))];
      let startingToken = 0;
      for (let pages = 0; pages < MAX_PAGES; pages += 1) {
        const page = { startingToken, limit: PAGE_SIZE };
        const request = buildUsersRequest({ url, credential: signedIn, page, emails, deadlines, version });
        const read = readPage(await http.exchange(request), credentials.holdsSecret);
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
}

function readPage(result: HttpResult, holdsKey: (text: string) => boolean): Page | Unanswered {
  if (result.kind !== 'answered') return unanswered(result.reason);
  const { status, body } = result;
  if (status === 401 || status === 403) return unanswered('credentials_rejected', status);
  if (status < 200 || status > 299) return unanswered('other_status', status);
  const text = new TextDecoder().decode(body);
  if (holdsKey(text)) return unanswered('holds_key', status);
  const json = parse(text);
  if (json === undefined) return unanswered('not_json', status);
  const page = pageSchema.safeParse(json);
  if (!page.success) return unanswered('other_shape', status);
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

function verdictOf(answer: UsersAnswer): CredentialVerdict {
  if (answer.kind === 'answered') return 'accepted';
  return answer.status === 401 ? 'rejected' : 'unproven';
}

function unanswered(reason: UnansweredReason, status: number | null = null): Unanswered {
  return { kind: 'unanswered', reason, status };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
