import type * as z from 'zod';
import type { AddressFault } from './address-fault.ts';
import type { InviteUsersRequest } from './invite-users.ts';
import { inviteUsersSchema } from './invite-users.ts';
import type { ValidationError } from './validation-error.ts';
import { bodyErrors } from './validation-error.ts';

/**
 * Reads the body of an invite request. Strict: one malformed address refuses the whole body. Lenient: a malformed or
 * repeated address is left out alone, as long as one address is well-formed and nothing else is wrong with the body.
 * Nothing is repaired. The text of a malformed address goes no further than `entries`, which only the fingerprint reads.
 */
export interface InviteList {
  /** Every entry of the caller's list, also those that are left out. */
  readonly entries: readonly string[];
  readonly malformed: readonly MalformedEntry[];
}

/** An entry of the list that is no acceptable address. Holds nothing of its text. */
export interface MalformedEntry {
  /** In the caller's list, from 0. */
  readonly index: number;
  /** One of ADDRESS_FAULT_REASONS. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
}

export type InviteReading =
  /** `asked`: the request with its well-formed addresses. */
  | ({ readonly kind: 'read'; readonly asked: InviteUsersRequest } & InviteList)
  | { readonly kind: 'refused'; readonly errors: readonly ValidationError[] };

export function readInvite(body: unknown, handling: 'strict' | 'lenient'): InviteReading {
  const whole = inviteUsersSchema.safeParse(body);
  if (whole.success) return { kind: 'read', asked: whole.data, entries: whole.data.emails, malformed: [] };
  const { issues } = whole.error;
  return (handling === 'lenient' ? withoutMalformed(body, issues) : null) ?? refuse(body, issues);
}

function refuse(body: unknown, issues: readonly z.core.$ZodIssue[]): InviteReading {
  return { kind: 'refused', errors: bodyErrors(issues, body) };
}

/** Null when something else is wrong with the body, or no address is well-formed. */
function withoutMalformed(body: unknown, issues: readonly z.core.$ZodIssue[]): InviteReading | null {
  const malformed = issues.flatMap((issue) => malformedEntry(issue) ?? []);
  if (malformed.length === 0) return null;
  // An issue is about an entry of this list, so there is one.
  const { emails: entries, ...rest } = body as { readonly emails: readonly string[] };
  const leftOut = new Set(malformed.map(({ index }) => index));
  const read = inviteUsersSchema.safeParse({ ...rest, emails: entries.filter((_, index) => !leftOut.has(index)) });
  return read.success ? { kind: 'read', asked: read.data, entries, malformed } : null;
}

function malformedEntry(issue: z.core.$ZodIssue): MalformedEntry | null {
  const [field, index] = issue.path;
  const fault = issue.code === 'custom' ? (issue.params?.['fault'] as AddressFault | undefined) : undefined;
  if (fault === undefined || field !== 'emails' || typeof index !== 'number') return null;
  return describeMalformed(index, fault);
}

/** People count from 1. */
function describeMalformed(index: number, { reason, message }: Omit<MalformedEntry, 'index'>): MalformedEntry {
  return { index, reason, message: `Entry ${index + 1} of the list: ${message}.` };
}

/** An entry as a record has it. */
export function malformedOnRecord({ index, reason }: Pick<MalformedEntry, 'index' | 'reason'>): MalformedEntry {
  return describeMalformed(index, { reason, message: `left out (${reason})` });
}
