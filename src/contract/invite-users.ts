import * as z from 'zod';
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
  addIssue(issue: { code: 'custom'; message: string; path?: PropertyKey[] }): void;
}

/** One error per invalid index. Of equal addresses (case is ignored), the first is accepted. */
function acceptAddresses(list: readonly unknown[], findings: Findings): void {
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    const message = typeof item === 'string' ? addressFault(item, seen) : null;
    if (message !== null) findings.addIssue({ code: 'custom', message, path: [index] });
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

function addressFault(text: string, seen: Set<string>): string | null {
  if (emailAddress(text) === null) return 'Value error, not an e-mail address of the plain form name@example.com';
  const folded = text.toLowerCase();
  if (seen.has(folded)) return 'Value error, this address is in the list already (case is ignored)';
  seen.add(folded);
  return null;
}
