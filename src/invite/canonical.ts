import type { InviteUsersRequest } from '../contract/invite-users.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { sha256Hex } from '../lib/sha256.ts';
import type { Handling } from '../policy/decision.ts';

/**
 * The exact bytes that go upstream: the five fields of the contract, explicit, in schema order.
 * Nothing of the caller's own text survives but the values, so what was checked is what is sent.
 */
export function canonicalBody(request: InviteUsersRequest): string {
  const { auth_method, emails, role, group_ids, send_email } = request;
  return JSON.stringify({ auth_method, emails, role, group_ids, send_email });
}

/**
 * What an Idempotency-Key is bound to: the caller's canonical request before any forced value,
 * plus the preference (RFC 7240) it was made with. 64 hex digits.
 */
export function requestFingerprint(asked: InviteUsersRequest, handling: Handling): string {
  return sha256Hex(canonicalJson([canonicalBody(asked), `handling=${handling}`]));
}
