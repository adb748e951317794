import type { InviteUsersRequest } from '../contract/invite-users.ts';
import type { Quota } from './compile.ts';

/**
 * The decision on one address. It is shown to callers and, without its sentence, written to the record, so it names rules
 * and keys only.
 */
export interface AddressDecision {
  /** Exactly as the caller wrote it. */
  readonly email: string;
  readonly decision: 'allow' | 'deny';
  /** The deciding rule or quota; null when no rule of this caller covers the address. */
  readonly rule: string | null;
  /**
   * Empty when allowed. Otherwise the keys that failed (allow rule) or hit (deny rule), `no-caller` (the token is no
   * caller of the policy), `no-rule` (no allow rule of this caller covers the address), `deny` (a deny rule without target
   * and keys), `force` (other forced values than the batch), or the unit of an exceeded quota.
   */
  readonly because: readonly string[];
  /** For people (address-decision.ts): begins with the address. Not recorded. */
  readonly message: string;
}

/** Whether one refused address refuses the request (`strict`) or is left out of it (`lenient`, RFC 7240 §4.4). */
export type Handling = 'strict' | 'lenient';

/** The addresses that counters of invitees leave out: by the address as it was given, the quota and the wait. */
export type ExhaustedInvitees = ReadonlyMap<string, { readonly quota: Quota; readonly retryAfterS: number }>;

/**
 * The decision on a whole request. `effective` is the request that would be sent: with forced values and, if the
 * handling is lenient, with the allowed addresses only. On a denial by rules nothing is sent, and `effective` has all
 * addresses.
 */
export interface Decision {
  readonly verdict: 'allow' | 'deny';
  /** `policy`: a rule refused. `quota`: the request alone exceeds a limit. Null when allowed. */
  readonly refusedBy: 'policy' | 'quota' | null;
  readonly addresses: readonly AddressDecision[];
  readonly effective: InviteUsersRequest;
  readonly forced: readonly ForcedValue[];
  /** What the request costs. Charges of the unit `requests` are counted for denials, too. */
  readonly charges: readonly QuotaCharge[];
}

export interface ForcedValue {
  readonly rule: string;
  readonly field: 'auth_method' | 'role' | 'group_ids' | 'send_email';
  readonly value: string | boolean | readonly string[];
}

/** One debit against one counter of one quota. Plain data: the policy creates it and the ledger applies it. */
export interface QuotaCharge {
  readonly quota: string;
  readonly unit: 'emails' | 'requests';
  /** Identifies the counter within the quota (see quota-charges.ts). */
  readonly counter: string;
  /** Fixed windows of this length, aligned to the Unix epoch. */
  readonly windowMs: number;
  readonly limit: number;
  readonly amount: number;
  /** Only an admission debits it. Left out for charges in `requests` that a refused attempt debits, too. */
  readonly admittedOnly?: true;
  /** False for counters about other people (invitees). They are never shown to the caller. */
  readonly visible: boolean;
}

/** The counter of an invitee that has too little left for a charge. The ledger creates it and the policy reads it. */
export interface ShortInvitee {
  readonly quota: string;
  /** As in the charge. */
  readonly counter: string;
  readonly remaining: number;
  readonly resetMs: number;
}
