import type { InviteUsersRequest } from '../../contract/invite-users.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import type { Handling } from '../../policy/decision.ts';
import type { Sha256 } from '../../ports/sha256.ts';

/**
 * The exact text that is sent upstream: the five fields of the contract, all explicit, in schema order.
 * It keeps only the values of the caller's text, so the bytes that were checked are the bytes that are sent.
 */
export function canonicalBody(request: InviteUsersRequest): string {
  const { auth_method, emails, role, group_ids, send_email } = request;
  return JSON.stringify({ auth_method, emails, role, group_ids, send_email });
}

/**
 * The fingerprint that an Idempotency-Key is bound to: SHA-256 over the caller's canonical request before any forced
 * value, plus its preference (RFC 7240). `asked` has every entry of the caller's list. 64 hex digits.
 */
export function requestFingerprint(asked: InviteUsersRequest, handling: Handling, sha256: Sha256): string {
  return sha256(canonicalJson([canonicalBody(asked), `handling=${handling}`]));
}
