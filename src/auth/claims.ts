import * as z from 'zod';

import type { TokenFailureReason } from './failure.ts';
import type { IssuerProfile } from './issuer-profile.ts';
import { SCOPES } from './principal.ts';
import type { Principal, Scope } from './principal.ts';
import type { JsonObject } from './token-grammar.ts';

/**
 * Makes a Principal of the claims of a token whose signature has been verified (RFC 7519 §4, RFC 9068 §2.2, §4).
 * Pure; knows issuers only by their profile. Nothing is coerced: a `sub` that is a number or an `exp` that is a string
 * is a malformed claim, not a value to be mended. Only scopes of this service come out.
 */
export type ClaimsResult =
  | { readonly kind: 'principal'; readonly principal: Principal }
  | { readonly kind: 'refused'; readonly reason: TokenFailureReason };

/** Allowed difference between the issuer's clock and ours, for `exp`, `nbf` and `iat`. */
export const CLOCK_TOLERANCE_S = 30;
const MAX_GROUPS = 1000;

/** NumericDate (RFC 7519 §2), whole seconds; zod's `int` also refuses what a double cannot hold exactly. */
const seconds = z.int().nonnegative();
/** Ends up in policies, records and keys of counters: bounded, and never with a control character. */
const name = z
  .string()
  .min(1)
  .max(255)
  .regex(/^\P{Cc}+$/u);
const names = z.array(name).max(MAX_GROUPS);
const audience = z.union([z.string(), z.array(z.string())]);
/** RFC 6749 §3.3: one string, space-separated; some issuers write an array. */
const scopeList = z.union([
  z.string().transform((text) => text.split(' ').filter((scope) => scope !== '')),
  z.array(z.string()),
]);

const registered = z.object({
  iss: name,
  sub: name,
  exp: seconds,
  iat: seconds,
  nbf: seconds.optional(),
  jti: name.optional(),
});

export function readClaims(claims: JsonObject, profile: IssuerProfile, nowS: number): ClaimsResult {
  for (const claim of ['iss', 'sub', 'exp', 'iat', profile.audienceClaim, ...profile.requiredClaims]) {
    if (claimAt(claims, claim) === undefined) return refused('claim_missing');
  }
  const own = registered.safeParse(claims);
  if (!own.success) return refused('claim_malformed');
  if (own.data.iss !== profile.issuer) return refused('claim_mismatch');
  for (const [claim, value] of Object.entries(profile.fixedClaims)) {
    if (claimAt(claims, claim) !== value) return refused('claim_mismatch');
  }

  const timeFault = findTimeFault(own.data, profile, nowS);
  if (timeFault !== null) return refused(timeFault);

  const meantFor = audience.safeParse(claimAt(claims, profile.audienceClaim));
  if (!meantFor.success) return refused('claim_malformed');
  if (![meantFor.data].flat().some((value) => profile.audiences.includes(value))) return refused('audience_mismatch');

  const clientClaim = firstOf(claims, profile.clientIdClaims);
  if (clientClaim === undefined) return refused('claim_missing');
  const clientId = name.safeParse(clientClaim);
  const groups = names.safeParse(firstOf(claims, profile.groupClaims) ?? []);
  const scopes = scopeList.safeParse(firstOf(claims, profile.scopeClaims) ?? []);
  if (!clientId.success || !groups.success || !scopes.success) return refused('claim_malformed');

  const principal: Principal = {
    issuer: profile.name,
    issuerUrl: profile.issuer,
    subject: own.data.sub,
    clientId: clientId.data,
    groups: Object.freeze(groups.data),
    kind: isApp(claims, profile, own.data.sub, clientId.data) ? 'app' : 'user',
    scopes: Object.freeze(ownScopes(scopes.data, profile)),
    tokenId: own.data.jti ?? null,
    expiresAt: own.data.exp,
  };
  return { kind: 'principal', principal: Object.freeze(principal) };
}

type Times = Pick<z.output<typeof registered>, 'exp' | 'iat' | 'nbf'>;

function findTimeFault({ exp, iat, nbf }: Times, profile: IssuerProfile, nowS: number): TokenFailureReason | null {
  if (exp <= nowS - CLOCK_TOLERANCE_S) return 'expired';
  if (nbf !== undefined && nbf > nowS + CLOCK_TOLERANCE_S) return 'not_yet_valid';
  if (iat > nowS + CLOCK_TOLERANCE_S) return 'issued_in_future';
  if (exp <= iat) return 'claim_malformed';
  return exp - iat > profile.maxLifetimeS ? 'lifetime_too_long' : null;
}

function isApp(claims: JsonObject, { appWhen }: IssuerProfile, subject: string, clientId: string): boolean {
  switch (appWhen.kind) {
    case 'subject_is_client':
      return subject === clientId;
    case 'claim_equals':
      return claimAt(claims, appWhen.claim) === appWhen.value;
  }
}

function ownScopes(foreign: readonly string[], profile: IssuerProfile): Scope[] {
  const granted = new Set<string>([...foreign, ...profile.grantScopes]);
  for (const scope of foreign) for (const ours of profile.scopeMap.get(scope) ?? []) granted.add(ours);
  return SCOPES.filter((scope) => granted.has(scope));
}

function firstOf(claims: JsonObject, candidates: readonly string[]): unknown {
  return candidates.map((claim) => claimAt(claims, claim)).find((value) => value !== undefined);
}

/** A top-level member, or where the name starts with `/`, what the JSON Pointer (RFC 6901) leads to. Own members only. */
function claimAt(claims: JsonObject, claim: string): unknown {
  if (!claim.startsWith('/')) return Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  const path = claim
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return path.reduce<unknown>((value, step) => {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && Object.hasOwn(value, step) ? (value as JsonObject)[step] : undefined;
  }, claims);
}

function refused(reason: TokenFailureReason): ClaimsResult {
  return { kind: 'refused', reason };
}
