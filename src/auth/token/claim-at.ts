import { isObject } from '../../lib/parse-object.ts';

/** A parsed JSON object: the header or the claims of a token, verified or not. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The value of a claim: a top-level member or, when the name starts with `/`, the value at that JSON Pointer
 * (RFC 6901) through objects. Only own members count. Undefined: the claim is not there. Null: it is there without a
 * value, or the path to it passes something that is no object, so its value cannot be read.
 */
export function claimAt(claims: JsonObject, claim: string): unknown {
  let value: unknown = claims;
  for (const step of stepsTo(claim)) {
    if (value === undefined) return undefined;
    if (!isObject(value)) return null;
    value = Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value;
}

/** The value of the first of these claims that the token has. Null counts as a value. */
export function firstOf(claims: JsonObject, candidates: readonly string[]): unknown {
  return candidates.map((claim) => claimAt(claims, claim)).find((value) => value !== undefined);
}

/**
 * Whether the token says that the issuer left this claim out and keeps it elsewhere: in `_claim_names` (OpenID Connect
 * Core §5.6.2), or in Entra ID's `hasgroups`. Entra ID does so for a person with more than 200 groups.
 */
export function isLeftOut(claims: JsonObject, claim: string): boolean {
  const [name = ''] = stepsTo(claim);
  const hasGroups = claimAt(claims, 'hasgroups');
  if (name === 'groups' && hasGroups !== undefined && hasGroups !== false) return true;
  const elsewhere = claimAt(claims, '_claim_names');
  if (elsewhere === undefined) return false;
  return isObject(elsewhere) ? Object.hasOwn(elsewhere, name) : true;
}

function stepsTo(claim: string): readonly string[] {
  if (!claim.startsWith('/')) return [claim];
  return claim
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
