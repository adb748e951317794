import { FIELD_NAME, MESSAGE_FIELDS } from '../lib/http/header-fields.ts';
import type { Deadlines, HttpExchange } from '../ports/http.ts';
import type { Secret } from '../lib/secret.ts';
import type { Credential } from './credentials.ts';

/**
 * Builds every request to the upstream; the only file that puts a secret for the upstream into a message. Invariant: a request
 * consists only of what is listed here. No header field, path or query of the caller reaches the upstream, except its
 * trace context, written anew, where TRACE_UPSTREAM is on. Only the canonical body does, and its addresses once more when
 * Galileo is asked for these users.
 */
const INVITE_PATH = '/v2/invite_users';
const CURRENT_USER_PATH = '/v2/current_user';
const USERS_PATH = '/v2/users/all';
const GROUPS_PATH = '/v2/groups';
const LOGIN_PATH = '/login';
/**
 * The upstream's answers are small, so a larger one is not a valid answer. Stored for replays inside JSON, an answer
 * may grow to twice this size, and a row of a Durable Object holds 2 MB.
 */
export const MAX_RESPONSE_BYTES = 512 * 1024;

/** A token has a few kilobytes at most. */
const MAX_LOGIN_RESPONSE_BYTES = 64 * 1024;

export interface InviteRequestParts {
  /** From `inviteUrl`. */
  readonly url: string;
  readonly credential: Credential;
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
  /** Null: sent without a credential, only to test whether the upstream answers. */
  readonly credential: Credential | null;
}

export function buildInviteRequest(parts: InviteRequestParts): HttpExchange {
  return buildPost(parts);
}

function buildPost({
  url,
  credential,
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
      ...signedWith(credential),
    },
    body,
    deadlines,
    maxResponseBytes: MAX_RESPONSE_BYTES,
  };
}

/** The one header field that signs a request in. */
function signedWith(credential: Credential): Record<string, string> {
  switch (credential.scheme) {
    case 'api_key':
      return { [credential.keyHeader]: credential.secret.reveal() };
    case 'basic':
      // Both are visible ASCII, and the user name holds no colon (RFC 7617 §2): the settings make sure of it.
      return { authorization: `Basic ${btoa(`${credential.username}:${credential.secret.reveal()}`)}` };
    case 'password':
      return { authorization: `Bearer ${credential.token.reveal()}` };
    default:
      return credential satisfies never;
  }
}

/** Asks for the user of a credential. Read-only. */
export function buildCurrentUserRequest(parts: CurrentUserRequestParts): HttpExchange {
  return buildGet(parts);
}

function buildGet({ url, credential, deadlines, version }: CurrentUserRequestParts): HttpExchange {
  return {
    method: 'GET',
    url,
    headers: {
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': `galileo-invite-proxy/${version}`,
      ...(credential === null ? {} : signedWith(credential)),
    },
    body: null,
    deadlines,
    maxResponseBytes: MAX_RESPONSE_BYTES,
  };
}

export interface GroupsRequestParts extends Pick<InviteRequestParts, 'credential' | 'deadlines' | 'version'> {
  /** From `groupsUrl`. */
  readonly url: string;
  readonly page: Page;
}

interface Page {
  readonly startingToken: number;
  readonly limit: number;
}

/** Asks for a page of the groups that the account of the credential sees. Read-only. */
export function buildGroupsRequest({ url, page, ...parts }: GroupsRequestParts): HttpExchange {
  return buildGet({ ...parts, url: ofPage(url, page) });
}

function ofPage(url: string, { startingToken, limit }: Page): string {
  return `${url}?starting_token=${startingToken}&limit=${limit}`;
}

export interface UsersRequestParts extends Omit<InviteRequestParts, 'url' | 'body'> {
  /** From `usersUrl`. */
  readonly url: string;
  readonly page: Page;
  /** The addresses to ask for, in exactly this spelling. */
  readonly emails: readonly string[];
}

/** Asks which users have these addresses. Read-only, although its method is POST. */
export function buildUsersRequest({ url, page, emails, ...parts }: UsersRequestParts): HttpExchange {
  return buildPost({
    ...parts,
    url: ofPage(url, page),
    body: JSON.stringify({ filters: [{ name: 'email', operator: 'one_of', value: emails }] }),
  });
}

export interface LoginRequestParts extends Pick<InviteRequestParts, 'deadlines' | 'version'> {
  /** From `loginUrl`. */
  readonly url: string;
  readonly username: string;
  readonly password: Secret;
}

/**
 * Asks for an access token, as the security scheme OAuth2PasswordBearer of Galileo's contract says. The form is that of
 * RFC 6749 §4.3.2.
 */
export function buildLoginRequest({ url, username, password, deadlines, version }: LoginRequestParts): HttpExchange {
  return {
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': `galileo-invite-proxy/${version}`,
    },
    body: new URLSearchParams({ grant_type: 'password', username, password: password.reveal() }).toString(),
    deadlines,
    maxResponseBytes: MAX_LOGIN_RESPONSE_BYTES,
  };
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

/** Like `inviteUrl`. */
export function groupsUrl(baseUrl: string): string {
  return under(baseUrl, GROUPS_PATH);
}

/** Like `inviteUrl`. */
export function loginUrl(baseUrl: string): string {
  return under(baseUrl, LOGIN_PATH);
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
