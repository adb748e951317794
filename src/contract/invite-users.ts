import * as z from 'zod';
import type { AddressFault } from './address-fault.ts';
import { addressFault, REPEATED } from './address-fault.ts';
import { emailAddress } from './email-address.ts';

/**
 * Galileo's InviteUsersRequest as a zod schema. Its JSON Schema equals the upstream's own (a test checks this). As a
 * parser it is deliberately stricter: it refuses unknown fields, coercible booleans, UUIDs without dashes, bad or
 * repeated addresses, and lists that are too long. Addresses are not changed; UUIDs are converted to lower case. The
 * key order is the upstream's model order: it decides the order of errors and of the bytes sent. Invariant: no entry of
 * a list that is too long is judged.
 */
export const AUTH_METHODS = ['email', 'google', 'github', 'okta', 'azure-ad', 'custom', 'saml', 'invite'] as const;
export const USER_ROLES = ['admin', 'manager', 'user', 'read_only'] as const;

export const MAX_EMAILS = 500;
export const MAX_GROUP_IDS = 100;

/** Runs a list check even when items are invalid, so that all errors are reported at once. */
const ON_EVERY_LIST: z.core.$ZodSuperRefineParams = { when: ({ value }) => Array.isArray(value) };

export const inviteUsersSchema = z
  .strictObject({
    auth_method: z.enum(AUTH_METHODS).meta({ id: 'AuthMethod', title: 'AuthMethod' }).default('email'),
    emails: atMost(MAX_EMAILS, z.array(z.string()).min(1).superRefine(acceptAddresses, ON_EVERY_LIST)).meta({
      title: 'Emails',
    }),
    role: z.enum(USER_ROLES).meta({ id: 'UserRole', title: 'UserRole' }).default('user'),
    group_ids: atMost(MAX_GROUP_IDS, z.array(z.uuid({ version: 'v4' }).toLowerCase()).default([])).meta({
      title: 'Group Ids',
    }),
    send_email: z.boolean().default(true).meta({ title: 'Send Email' }),
  })
  .meta({ id: 'InviteUsersRequest', title: 'InviteUsersRequest' });

export type InviteUsersRequest = z.output<typeof inviteUsersSchema>;

/** The part of zod's context that a list check uses: it reports an issue and its path. */
interface Findings {
  addIssue(issue: { code: 'custom'; message: string; path?: PropertyKey[]; params?: { fault: AddressFault } }): void;
}

/** One error per invalid index. Of equal addresses (case is ignored), the first is accepted. */
function acceptAddresses(list: readonly unknown[], findings: Findings): void {
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    const fault = typeof item === 'string' ? faultOf(item, seen) : null;
    if (fault === null) continue;
    findings.addIssue({ code: 'custom', message: `Value error, ${fault.message}`, path: [index], params: { fault } });
  }
}

/**
 * Refuses a list of more than `limit` entries before `list` reads any of them. Not `.max()`: zod checks that after every
 * entry. The upstream's schema has no bound, and pydantic's error type for one is not among the promised types.
 */
function atMost<List extends z.ZodType>(limit: number, list: List) {
  return z.preprocess((value, findings) => {
    if (Array.isArray(value) && value.length > limit) {
      findings.addIssue({ code: 'custom', message: `Value error, at most ${limit} entries in one request` });
    }
    return value;
  }, list);
}

function faultOf(text: string, seen: Set<string>): AddressFault | null {
  if (emailAddress(text) === null) return addressFault(text);
  const folded = text.toLowerCase();
  if (seen.has(folded)) return REPEATED;
  seen.add(folded);
  return null;
}
