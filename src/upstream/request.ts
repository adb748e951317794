import { FIELD_NAME, MESSAGE_FIELDS } from '../lib/http/header-fields.ts';
import type { Secret } from '../lib/secret.ts';
import type { Deadlines, HttpExchange } from '../ports/http.ts';

/**
 * Builds every request to the upstream; the only file that puts the upstream key into a message. Invariant: a request
 * consists only of what is listed here. No header field, path or query of the caller reaches the upstream, except its
 * trace context, written anew, where TRACE_UPSTREAM is on. Only the canonical body does, and its addresses once more when
 * Galileo is asked for these users.
 */
const INVITE_PATH = '/v2/invite_users';
const CURRENT_USER_PATH = '/v2/current_user';
const USERS_PATH = '/v2/users/all';
/**
 * The upstream's answers are small, so a larger one is not a valid answer. Stored for replays inside JSON, an answer
 * may grow to twice this size, and a row of a Durable Object holds 2 MB.
 */
export const MAX_RESPONSE_BYTES = 512 * 1024;

export interface InviteRequestParts {
  /** From `inviteUrl`. */
  readonly url: string;
  /** From `checkKeyHeader`. */
  readonly keyHeader: string;
  readonly key: Secret;
  /** The canonical JSON, byte for byte what the record's `request_sha256` covers. */
  readonly body: string;
  readonly deadlines: Deadlines;
  /** The version of this service, for User-Agent. */
  readonly version: string;
  /** Left out, or null: no trace context is sent. */
  readonly traceFields?: TraceFields | null;
}

/** The trace context of a request, as fields for the upstream (lib/http/trace-context). */
export interface TraceFields {
  readonly traceparent: string;
  readonly tracestate?: string;
}

export interface CurrentUserRequestParts extends Pick<InviteRequestParts, 'deadlines' | 'version'> {
  /** From `currentUserUrl`. */
  readonly url: string;
  /** Null: sent without a key, only to test whether the upstream answers. */
  readonly credentials: Pick<InviteRequestParts, 'keyHeader' | 'key'> | null;
}

export function buildInviteRequest(parts: InviteRequestParts): HttpExchange {
  return buildPost(parts);
}

function buildPost({
  url,
  keyHeader,
  key,
  body,
  deadlines,
  version,
  traceFields = null,
}: InviteRequestParts): HttpExchange {
  return {
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      // A compressed answer would evade the key search and the size limit.
      'accept-encoding': 'identity',
      'user-agent': `galileo-invite-proxy/${version}`,
      ...traceFields,
      [keyHeader]: key.reveal(),
    },
    body,
    deadlines,
    maxResponseBytes: MAX_RESPONSE_BYTES,
  };
}

/** Asks for the user of a key. Read-only. */
export function buildCurrentUserRequest(parts: CurrentUserRequestParts): HttpExchange {
  const { url, credentials, deadlines, version } = parts;
  return {
    method: 'GET',
    url,
    headers: {
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': `galileo-invite-proxy/${version}`,
      ...(credentials === null ? {} : { [credentials.keyHeader]: credentials.key.reveal() }),
    },
    body: null,
    deadlines,
    maxResponseBytes: MAX_RESPONSE_BYTES,
  };
}

export interface UsersRequestParts extends Omit<InviteRequestParts, 'url' | 'body'> {
  /** From `usersUrl`. */
  readonly url: string;
  readonly page: { readonly startingToken: number; readonly limit: number };
  /** The addresses to ask for, in exactly this spelling. */
  readonly emails: readonly string[];
}

/** Asks which users have these addresses. Read-only, although its method is POST. */
export function buildUsersRequest({ url, page, emails, ...parts }: UsersRequestParts): HttpExchange {
  return buildPost({
    ...parts,
    url: `${url}?starting_token=${page.startingToken}&limit=${page.limit}`,
    body: JSON.stringify({ filters: [{ name: 'email', operator: 'one_of', value: emails }] }),
  });
}

/** The constant URL under GALILEO_API_URL. Throws a TypeError when that is unfit; the message does not quote it. */
export function inviteUrl(baseUrl: string): string {
  return under(baseUrl, INVITE_PATH);
}

/** Like `inviteUrl`. */
export function currentUserUrl(baseUrl: string): string {
  return under(baseUrl, CURRENT_USER_PATH);
}

/** Like `inviteUrl`. */
export function usersUrl(baseUrl: string): string {
  return under(baseUrl, USERS_PATH);
}

function under(baseUrl: string, path: string): string {
  const base = URL.parse(baseUrl);
  if (base === null || !['https:', 'http:'].includes(base.protocol)) {
    throw new TypeError('the upstream address must be an http(s) URL');
  }
  if (base.username !== '' || base.password !== '')
    throw new TypeError('the upstream address must not hold credentials');
  if (base.search !== '' || base.hash !== '')
    throw new TypeError('the upstream address must not hold a query or a fragment');
  return base.origin + base.pathname.replace(/\/+$/, '') + path;
}

/**
 * Checks the name of the field that carries the key. Throws a TypeError when it is no token (RFC 9110 §5.1) or
 * reserved.
 */
export function checkKeyHeader(name: string): string {
  if (!FIELD_NAME.test(name)) throw new TypeError('the key header must be an HTTP field name');
  if (MESSAGE_FIELDS.has(name.toLowerCase()) || name.toLowerCase() === 'accept')
    throw new TypeError('the key header must not be a field with its own meaning');
  return name;
}
