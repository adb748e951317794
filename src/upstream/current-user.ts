import * as z from 'zod';

import type { Credential, SecretSearch } from './credentials.ts';
import type { Deadlines, HttpPort, HttpResult, MaybeSentReason, NotSentReason } from '../ports/http.ts';
import { isWebPage, isWrongAddress } from './wrong-address.ts';
import { buildCurrentUserRequest, currentUserUrl } from './request.ts';

/**
 * Asks Galileo for the user of a credential (`GET /v2/current_user`): whether it is accepted, and the user's role.
 * Read-only and for diagnosis; the service itself never calls it. The result contains only plain words, the role and
 * the names of granted permissions, because the rest of the answer is a person's name and address. An answer that
 * contains a secret yields no words.
 */
export type CurrentUser =
  /** `role` is null when the answer has none; `permissions` are those that the answer lists as granted. */
  | { readonly kind: 'accepted'; readonly role: string | null; readonly permissions: readonly string[] }
  | { readonly kind: 'rejected'; readonly status: 401 | 403 }
  /** A complete 2xx that does not match the documented answer of the endpoint. */
  | { readonly kind: 'unreadable'; readonly status: number; readonly reason: 'not_json' | 'other_shape' | 'holds_key' }
  /** No handler of Galileo's gave the answer. */
  | { readonly kind: 'wrong_address'; readonly status: number }
  | { readonly kind: 'other_status'; readonly status: number }
  | { readonly kind: 'unanswered'; readonly reason: NotSentReason | MaybeSentReason };

export type AskCurrentUser = (credential: Credential, holdsSecret: SecretSearch) => Promise<CurrentUser>;

export interface CurrentUserDeps {
  readonly http: HttpPort;
  readonly baseUrl: string;
  readonly deadlines: Deadlines;
  readonly version: string;
}

/** Of Galileo's four roles, admins and managers may add people (docs.galileo.ai/concepts/access-control). */
export const ROLES_THAT_INVITE: readonly string[] = ['admin', 'manager'];

/**
 * A role or an action in Galileo's spelling. A text with an `@`, a digit or a capital does not match: no address, no
 * key.
 */
const word = z.string().regex(/^[a-z]{1,24}(?:_[a-z]{1,24}){0,5}$/);
const permission = z.object({ action: word, allowed: z.literal(true) });
const permissionList = z.array(z.unknown()).catch([]);
/** Tolerant: other members differ between versions of the server. Only `id` is required of a user. */
const userSchema = z.object({
  id: z.string(),
  role: word.nullable().catch(null),
  permissions: permissionList,
  generic_permissions: permissionList,
});

/** Throws a TypeError when the address is unfit. */
export function createAskCurrentUser({ http, baseUrl, deadlines, version }: CurrentUserDeps): AskCurrentUser {
  const url = currentUserUrl(baseUrl);
  return async (credential, holdsSecret) =>
    read(await http.exchange(buildCurrentUserRequest({ url, credential, deadlines, version })), holdsSecret);
}

function read(result: HttpResult, holdsSecret: SecretSearch): CurrentUser {
  if (result.kind !== 'answered') return { kind: 'unanswered', reason: result.reason };
  const { status, body } = result;
  if (status === 401 || status === 403) return { kind: 'rejected', status };
  if (isWrongAddress(result)) return { kind: 'wrong_address', status };
  if (status < 200 || status > 299) return { kind: 'other_status', status };
  if (isWebPage(result)) return { kind: 'wrong_address', status };
  const text = new TextDecoder().decode(body);
  if (holdsSecret(text)) return { kind: 'unreadable', status, reason: 'holds_key' };
  const json = parse(text);
  if (json === undefined) return { kind: 'unreadable', status, reason: 'not_json' };
  const user = userSchema.safeParse(json);
  if (!user.success) return { kind: 'unreadable', status, reason: 'other_shape' };
  const granted = [...user.data.permissions, ...user.data.generic_permissions].flatMap(
    (entry) => permission.safeParse(entry).data?.action ?? [],
  );
  return { kind: 'accepted', role: user.data.role, permissions: [...new Set(granted)].toSorted() };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
