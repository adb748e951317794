import { claimAt, isLeftOut } from './claim-at.ts';
import type { JsonObject } from './claim-at.ts';

/**
 * Conditions on a token's claims, written as data in preset rows. They distinguish apps from users, and refuse tokens
 * of the wrong kind. A test is pure and exact: nothing is coerced. A claim that is there but cannot be read makes a test
 * `unclear`: it is never taken as absent, and never as another value.
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

export type Holding = 'holds' | 'fails' | 'unclear';

/** Whether all tests hold. One that fails decides, whatever is unclear beside it. */
export function allHold(tests: readonly ClaimTest[], claims: JsonObject, clientId: string): Holding {
  const results = new Set(tests.map((test) => judge(test, claims, clientId)));
  if (results.has('fails')) return 'fails';
  return results.has('unclear') ? 'unclear' : 'holds';
}

function judge(test: ClaimTest, claims: JsonObject, clientId: string): Holding {
  const value = claimAt(claims, test.claim);
  if (value === undefined) {
    if (isLeftOut(claims, test.claim)) return 'unclear';
    return test.kind === 'absent' || test.kind === 'absent_or_equals' ? 'holds' : 'fails';
  }
  // Null may mean that there is no such claim. Any other value shows that there is one, even a value without meaning.
  if (test.kind === 'absent') return value === null ? 'unclear' : 'fails';
  if (typeof value === 'object') return 'unclear';
  return matches(test, value, clientId) ? 'holds' : 'fails';
}

function matches(test: Exclude<ClaimTest, { kind: 'absent' }>, value: unknown, clientId: string): boolean {
  switch (test.kind) {
    case 'equals':
    case 'absent_or_equals':
      return value === test.value;
    case 'ends_with':
      return typeof value === 'string' && value.endsWith(test.suffix);
    case 'names_client': {
      const expected = `${test.prefix ?? ''}${clientId}${test.suffix ?? ''}`;
      return value === (test.lowerCase === true ? expected.toLowerCase() : expected);
    }
  }
}
