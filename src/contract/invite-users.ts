import * as z from 'zod';
import { emailAddress } from './email-address.ts';

/**
 * Galileo's InviteUsersRequest. As JSON Schema it equals the upstream's own (a test holds that); as a parser it is
 * stricter on purpose: unknown fields, coercible booleans, undashed UUIDs, bad or repeated addresses and oversized
 * lists are refused. Addresses leave exactly as they came; only UUIDs are rewritten, to lower case.
 * Key order is model order: it decides the order of errors and of the bytes sent.
 */
export const AUTH_METHODS = ['email', 'google', 'github', 'okta', 'azure-ad', 'custom', 'saml', 'invite'] as const;
export const USER_ROLES = ['admin', 'manager', 'user', 'read_only'] as const;

export const MAX_EMAILS = 500;

/** Checks on a list run whatever its items are, so that all errors come at once. */
const ON_EVERY_LIST: z.core.$ZodSuperRefineParams = { when: ({ value }) => Array.isArray(value) };

export const inviteUsersSchema = z
  .strictObject({
    auth_method: z.enum(AUTH_METHODS).meta({ id: 'AuthMethod', title: 'AuthMethod' }).default('email'),
    emails: z.array(z.string()).min(1).superRefine(acceptAddresses, ON_EVERY_LIST).meta({ title: 'Emails' }),
    role: z.enum(USER_ROLES).meta({ id: 'UserRole', title: 'UserRole' }).default('user'),
    group_ids: z
      .array(z.uuid({ version: 'v4' }).toLowerCase())
      .default([])
      .meta({ title: 'Group Ids' }),
    send_email: z.boolean().default(true).meta({ title: 'Send Email' }),
  })
  .meta({ id: 'InviteUsersRequest', title: 'InviteUsersRequest' });

export type InviteUsersRequest = z.output<typeof inviteUsersSchema>;

/** What a check on a list may do: say what is wrong, and where. */
interface Findings {
  addIssue(issue: { code: 'custom'; message: string; path?: PropertyKey[] }): void;
}

/** One error per offending index; of equal addresses (ignoring case) the first one stands. */
function acceptAddresses(list: readonly unknown[], findings: Findings): void {
  if (isTooLong(list, MAX_EMAILS, findings)) return;
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    const message = typeof item === 'string' ? addressFault(item, seen) : null;
    if (message !== null) findings.addIssue({ code: 'custom', message, path: [index] });
  }
}

/** Not `.max()`: the upstream's schema names no bound, and pydantic's type for it is none of those promised. */
function isTooLong(list: readonly unknown[], limit: number, findings: Findings): boolean {
  if (list.length <= limit) return false;
  findings.addIssue({ code: 'custom', message: `Value error, at most ${limit} entries in one request` });
  return true;
}

function addressFault(text: string, seen: Set<string>): string | null {
  if (emailAddress(text) === null) return 'Value error, not an e-mail address of the plain form name@example.com';
  const folded = text.toLowerCase();
  if (seen.has(folded)) return 'Value error, this address is in the list already (case is ignored)';
  seen.add(folded);
  return null;
}
