/**
 * Who may sign in to Galileo with a name and a password, and when. Accounts lock after a few refused attempts, so all
 * processes and isolates of a deployment share one memory of them, the ledger's. Pure; every ledger uses it. A secret is
 * known by its fingerprint alone (upstream/api-keys), from which it cannot be guessed.
 */
export interface SignInLedger {
  /** 64 hex digits that are made once for each ledger and are in no record: fingerprints of passwords are made under it. */
  signInSalt(): Promise<string>;
  /** What holds sign-ins with this secret; null when nothing does. */
  signInHold(fingerprint: string): Promise<SignInHold | null>;
  /** Asks to be the only one who signs in with this secret. */
  claimSignIn(claim: SignInClaim): Promise<SignInClaimed>;
  /** Reports how a sign-in ended. */
  endSignIn(end: SignInEnd): Promise<void>;
}

export interface SignInClaim {
  readonly fingerprint: string;
  /** Names this attempt. The same claim again gets the same answer, so a lost answer can be asked for again. */
  readonly claim: string;
  /** How long nobody else may try, when no end is reported. */
  readonly leaseMs: number;
}

export interface SignInEnd {
  readonly fingerprint: string;
  readonly claim: string;
  /** Null: the sign-in succeeded, or nothing reached Galileo. */
  readonly hold: { readonly reason: 'refused' | 'unanswered'; readonly forMs: number } | null;
}

/**
 * `attempt`: somebody is signing in now; `retry`: for the first time after a refusal. `unanswered`: whether Galileo
 * counted the last attempt is not known.
 */
const HOLD_REASONS = ['attempt', 'retry', 'refused', 'unanswered'] as const;
export type SignInHoldReason = (typeof HOLD_REASONS)[number];

/** No attempt with this secret may begin before `waitMs` have passed; 0: the time is over, and the claim decides. */
export interface SignInHold {
  readonly reason: SignInHoldReason;
  readonly waitMs: number;
}

export type SignInClaimed = { readonly kind: 'granted' } | { readonly kind: 'held'; readonly hold: SignInHold };

/** One stored row. `untilMs` is by the ledger's clock. */
export interface StoredHold {
  readonly claim: string;
  readonly reason: SignInHoldReason;
  readonly untilMs: number;
}

/** After a refused sign-in none with the same secret is tried for so long. It is also the longest hold there is. */
export const REFUSED_FOR_MS = 60 * 60_000;
/** A row is kept for a while after its time, so that the next attempt after a refusal is made once, not by everyone. */
export const FORGET_HOLD_AFTER_MS = 24 * 60 * 60_000;

/** A damaged reason counts as a refusal, which is the longest hold. */
export function holdReasonOf(stored: string): SignInHoldReason {
  return HOLD_REASONS.find((known) => known === stored) ?? 'refused';
}

/** Somebody is signing in now. */
export function isAttempt({ reason }: Pick<SignInHold, 'reason'>): boolean {
  return reason === 'attempt' || reason === 'retry';
}

export function holdOf(stored: StoredHold | null, nowMs: number): SignInHold | null {
  if (stored === null) return null;
  return { reason: stored.reason, waitMs: Math.min(REFUSED_FOR_MS, Math.max(0, stored.untilMs - nowMs)) };
}

/** The row that is stored from now on; null: the claim is held by what is stored. */
export function judgeClaim(
  { claim, leaseMs }: SignInClaim,
  stored: StoredHold | null,
  nowMs: number,
): StoredHold | null {
  const hold = holdOf(stored, nowMs);
  const isOwn = hold !== null && isAttempt(hold) && stored?.claim === claim;
  const isFree = hold === null || hold.waitMs === 0 || isOwn;
  const isRetry = hold?.reason === 'refused' || hold?.reason === 'retry';
  return isFree ? { claim, reason: isRetry ? 'retry' : 'attempt', untilMs: nowMs + boundedMs(leaseMs) } : null;
}

/**
 * A refusal always counts, whoever had the claim: it proves that the secret is not accepted. Any other end counts for its
 * own claim alone. `unchanged`: nothing is stored or dropped.
 */
export function judgeEnd(
  { claim, hold }: SignInEnd,
  stored: StoredHold | null,
  nowMs: number,
): StoredHold | null | 'unchanged' {
  if (hold?.reason !== 'refused' && stored?.claim !== claim) return 'unchanged';
  return hold === null ? null : { claim, reason: hold.reason, untilMs: nowMs + boundedMs(hold.forMs) };
}

function boundedMs(ms: number): number {
  return Math.min(REFUSED_FOR_MS, Math.max(0, Math.trunc(ms)));
}
