import { isObject } from '../../lib/parse-object.ts';

/** A parsed JSON object: the header or the claims of a token, verified or not. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The value of a claim: a top-level member or, when the name starts with `/`, the value at that JSON Pointer
 * (RFC 6901). Only own members count.
 */
export function claimAt(claims: JsonObject, claim: string): unknown {
  if (!claim.startsWith('/')) return Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  const path = claim
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return path.reduce<unknown>(
    (value, step) => (isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined),
    claims,
  );
}

/** The value of the first of these claims that the token has. */
export function firstOf(claims: JsonObject, candidates: readonly string[]): unknown {
  return candidates.map((claim) => claimAt(claims, claim)).find((value) => value !== undefined);
}
