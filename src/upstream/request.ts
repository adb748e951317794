import type { Secret } from '../lib/secret.ts';
import type { Deadlines, HttpExchange } from '../ports/http.ts';

/**
 * The one file that puts the upstream key into a message. A request is built from these lists and nothing
 * else: no field, path or query of the caller's reaches the upstream, only the canonical body does, and its addresses again
 * where Galileo is asked what became of them.
 */
const INVITE_PATH = '/v2/invite_users';
const CURRENT_USER_PATH = '/v2/current_user';
const USERS_PATH = '/v2/users/all';
/**
 * The upstream's answers are small; a larger one is not one of its answers. Stored for replays inside JSON it may grow to
 * twice this, and a row of a Durable Object holds 2 MB.
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
  /** This service's version, for User-Agent. */
  readonly version: string;
}

export interface CurrentUserRequestParts extends Pick<InviteRequestParts, 'deadlines' | 'version'> {
  /** From `currentUserUrl`. */
  readonly url: string;
  /** Null: asked by nobody, to see whether there is an answer at all. */
  readonly credentials: Pick<InviteRequestParts, 'keyHeader' | 'key'> | null;
}

export function buildInviteRequest(parts: InviteRequestParts): HttpExchange {
  return buildPost(parts);
}

function buildPost({ url, keyHeader, key, body, deadlines, version }: InviteRequestParts): HttpExchange {
  return {
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      // Compressed answers would only hide from the key search and from the size limit.
      'accept-encoding': 'identity',
      'user-agent': `galileo-invite-proxy/${version}`,
      [keyHeader]: key.reveal(),
    },
    body,
    deadlines,
    maxResponseBytes: MAX_RESPONSE_BYTES,
  };
}

/** Asks who a key belongs to. Reads, changes nothing. */
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
  /** Users with one of these addresses, spelled like this. */
  readonly emails: readonly string[];
}

/** Asks which users have these addresses. A POST by its method only: reads, changes nothing. */
export function buildUsersRequest({ url, page, emails, ...parts }: UsersRequestParts): HttpExchange {
  return buildPost({
    ...parts,
    url: `${url}?starting_token=${page.startingToken}&limit=${page.limit}`,
    body: JSON.stringify({ filters: [{ name: 'email', operator: 'one_of', value: emails }] }),
  });
}

/** The constant URL under GALILEO_API_URL; throws a TypeError that does not repeat it when it is unfit. */
export function inviteUrl(baseUrl: string): string {
  return under(baseUrl, INVITE_PATH);
}

/** As `inviteUrl`. */
export function currentUserUrl(baseUrl: string): string {
  return under(baseUrl, CURRENT_USER_PATH);
}

/** As `inviteUrl`. */
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

/** Fields the client or the list above writes. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    'accept accept-encoding connection content-encoding content-length content-type expect host keep-alive ' +
    'te trailer transfer-encoding upgrade user-agent'
  ).split(' '),
);

/** The field name that carries the key; throws a TypeError when it is no token (RFC 9110 §5.1) or taken. */
export function checkKeyHeader(name: string): string {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw new TypeError('the key header must be an HTTP field name');
  if (RESERVED.has(name.toLowerCase())) throw new TypeError('the key header must not be a field with its own meaning');
  return name;
}
