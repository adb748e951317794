import { claimAt } from './claim-at.ts';
import type { JsonObject } from './claim-at.ts';

/**
 * Conditions on a token's claims, written as data in preset rows. They distinguish apps from users, and refuse tokens
 * of the wrong kind. A test is pure and exact: nothing is coerced, and a claim of an unexpected type does not match.
 */
export type ClaimTest =
  | { readonly kind: 'equals'; readonly claim: string; readonly value: FixedValue }
  | { readonly kind: 'absent'; readonly claim: string }
  | { readonly kind: 'absent_or_equals'; readonly claim: string; readonly value: FixedValue }
  | { readonly kind: 'ends_with'; readonly claim: string; readonly suffix: string }
  /** The claim equals the client id with `prefix` before it and `suffix` after it. */
  | {
      readonly kind: 'names_client';
      readonly claim: string;
      readonly prefix?: string;
      readonly suffix?: string;
      /** The issuer writes this claim in lower case, whatever the case of the client id. */
      readonly lowerCase?: boolean;
    };

export type FixedValue = string | number | boolean;

export function holds(test: ClaimTest, claims: JsonObject, clientId: string): boolean {
  const value = claimAt(claims, test.claim);
  switch (test.kind) {
    case 'equals':
      return value === test.value;
    case 'absent':
      return value === undefined;
    case 'absent_or_equals':
      return value === undefined || value === test.value;
    case 'ends_with':
      return typeof value === 'string' && value.endsWith(test.suffix);
    case 'names_client': {
      const expected = `${test.prefix ?? ''}${clientId}${test.suffix ?? ''}`;
      return value === (test.lowerCase === true ? expected.toLowerCase() : expected);
    }
  }
}
