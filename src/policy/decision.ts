import type { InviteUsersRequest } from '../contract/invite-users.ts';

/** What the policy says of one address. Shown to callers and written to the record, so it names rules and keys only. */
export interface AddressDecision {
  /** Exactly as the caller wrote it. */
  readonly email: string;
  readonly decision: 'allow' | 'deny';
  /** The deciding rule or quota; null when no rule of this caller covers the address. */
  readonly rule: string | null;
  /** Empty when allowed; `['no-rule']`, or the keys that failed (allow rule) or hit (deny rule). */
  readonly because: readonly string[];
}

/**
 * Whether one refused address refuses the request (`strict`), or is left out of it (`lenient`, RFC 7240 §4.4).
 */
export type Handling = 'strict' | 'lenient';

/**
 * The verdict on a whole request. `effective` is what would be sent: forced values applied and, when handled leniently,
 * only the allowed addresses. On a denial nothing is sent, and it is what was asked.
 */
export interface Decision {
  readonly verdict: 'allow' | 'deny';
  /** Who refused: a rule, or a limit that the request alone exceeds. Null when allowed. */
  readonly refusedBy: 'policy' | 'quota' | null;
  readonly addresses: readonly AddressDecision[];
  readonly effective: InviteUsersRequest;
  readonly forced: readonly ForcedValue[];
  /** What the request costs. `requests` claims are counted for denials too. */
  readonly charges: readonly QuotaCharge[];
}

export interface ForcedValue {
  readonly rule: string;
  readonly field: 'auth_method' | 'role' | 'group_ids' | 'send_email';
  readonly value: string | boolean | readonly string[];
}

/** One debit against one counter of one quota. Plain data, made by the policy, applied by the ledger. */
export interface QuotaCharge {
  readonly quota: string;
  readonly unit: 'emails' | 'requests';
  /** Identifies the counter within the quota: the issuer and whatever `per` names. */
  readonly counter: string;
  /** Fixed windows of this length, aligned to the Unix epoch. */
  readonly windowMs: number;
  readonly limit: number;
  readonly amount: number;
  /** False for counters about other people (invitees): never shown to the caller. */
  readonly visible: boolean;
}
