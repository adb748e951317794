/** The members of `decisions` in a refusal: what became of each part of the caller's list, in words for people. */

/** On one address. */
export interface DecisionOnAddress {
  readonly email: string;
  readonly decision: string;
  readonly rule: string | null;
  readonly because: readonly string[];
  readonly message: string;
}

/** On an entry of the caller's list that is no acceptable address. */
export interface DecisionOnEntry {
  readonly index: number;
  readonly decision: string;
  readonly reason: string;
  readonly message: string;
}
