import * as z from 'zod';

import { holdsInvisible } from '../../lib/invisible-text.ts';
import { claimAt, firstOf } from './claim-at.ts';
import type { JsonObject } from './claim-at.ts';
import { holds } from './claim-test.ts';
import type { ClaimTest } from './claim-test.ts';
import type { TokenFailureReason } from '../failure.ts';
import type { IssuerProfile } from '../issuer-profile.ts';
import { SCOPES } from '../principal.ts';
import type { Principal, Scope } from '../principal.ts';

/**
 * Turns the claims of a token into a Principal, after its signature has been verified (RFC 7519 §4, RFC 9068 §2.2, §4).
 * It is pure and knows issuers only by their profile. Nothing is coerced: a `sub` that is a number or an `exp` that is
 * a string is a malformed claim, not a value to repair. The Principal has only scopes of this service.
 */
export type ClaimsResult =
  /** `issuedAt` is the `iat`, in seconds. */
  | { readonly kind: 'principal'; readonly principal: Principal; readonly issuedAt: number }
  | { readonly kind: 'refused'; readonly reason: TokenFailureReason };

/** Allowed difference between the issuer's clock and ours, for `exp`, `nbf` and `iat`. */
export const CLOCK_TOLERANCE_S = 30;
const MAX_GROUPS = 1000;

/** NumericDate (RFC 7519 §2), whole seconds; zod's `int` also refuses what a double cannot hold exactly. */
const seconds = z.int().nonnegative();
/** Names reach policies, records and counter keys, so they are bounded and hold no invisible characters. */
const boundedText = z.string().min(1).max(255);
const name = boundedText.refine((value) => !holdsInvisible(value));
/** A group with invisible characters does not cost the token: it grants nothing. */
const groupNames = z.array(boundedText).max(MAX_GROUPS);
const audience = z.union([z.string(), z.array(z.string())]);
/** RFC 6749 §3.3: one string, space-separated. Some issuers write an array. */
const scopeList = z.union([
  z.string().transform((text) => text.split(' ').filter((scope) => scope !== '')),
  z.array(z.string()),
]);

const registered = z.object({
  iss: name,
  exp: seconds,
  iat: seconds,
  nbf: seconds.optional(),
});

export function validateClaims(claims: JsonObject, profile: IssuerProfile, nowS: number): ClaimsResult {
  for (const claim of ['iss', 'exp', 'iat', profile.audienceClaim, ...profile.requiredClaims]) {
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

  const tokenAudience = audience.safeParse(claimAt(claims, profile.audienceClaim));
  if (!tokenAudience.success) return refused('claim_malformed');
  const ourAudience = [tokenAudience.data].flat().find((value) => profile.audiences.includes(value));
  if (ourAudience === undefined) return refused('audience_mismatch');

  const subjectClaim = findSubject(claims, profile);
  const clientClaim = findClient(claims, profile, ourAudience);
  if (subjectClaim === undefined || clientClaim === undefined) return refused('claim_missing');
  const subject = name.safeParse(subjectClaim);
  const clientId = name.safeParse(clientClaim);
  const tokenId = name.optional().safeParse(claimAt(claims, profile.tokenIdClaim));
  const groups = groupNames.safeParse(firstOf(claims, profile.groupClaims) ?? []);
  const scopes = scopeList.safeParse(firstOf(claims, profile.scopeClaims) ?? []);
  if (!subject.success || !clientId.success || !tokenId.success || !groups.success || !scopes.success) {
    return refused('claim_malformed');
  }
  const all = (tests: readonly ClaimTest[]): boolean => tests.every((test) => holds(test, claims, clientId.data));
  if (!all(profile.mustHold)) return refused('claim_mismatch');

  const readable = groups.data.filter((group) => !holdsInvisible(group));
  const principal: Principal = {
    issuer: profile.name,
    issuerUrl: profile.issuer,
    subject: subject.data,
    clientId: clientId.data,
    groups: Object.freeze(readable),
    ...(readable.length < groups.data.length ? { hasUnreadableGroups: true } : {}),
    kind: all(profile.appWhen) ? 'app' : 'user',
    scopes: Object.freeze(ownScopes(scopes.data, claims, profile)),
    tokenId: tokenId.data ?? null,
    expiresAt: own.data.exp,
  };
  return { kind: 'principal', principal: Object.freeze(principal), issuedAt: own.data.iat };
}

type Times = Pick<z.output<typeof registered>, 'exp' | 'iat' | 'nbf'>;

function findTimeFault({ exp, iat, nbf }: Times, profile: IssuerProfile, nowS: number): TokenFailureReason | null {
  if (exp <= nowS - CLOCK_TOLERANCE_S) return 'expired';
  if (nbf !== undefined && nbf > nowS + CLOCK_TOLERANCE_S) return 'not_yet_valid';
  if (iat > nowS + CLOCK_TOLERANCE_S) return 'issued_in_future';
  if (exp <= iat) return 'claim_malformed';
  return exp - iat > profile.maxLifetimeS ? 'lifetime_too_long' : null;
}

/** The first subject claim that is not empty. If there is none, the first one present, which is then refused. */
function findSubject(claims: JsonObject, { subjectClaims }: IssuerProfile): unknown {
  const nonEmpty = subjectClaims.filter((claim) => claimAt(claims, claim) !== '');
  return firstOf(claims, nonEmpty) ?? firstOf(claims, subjectClaims);
}

function findClient(claims: JsonObject, profile: IssuerProfile, ourAudience: string): unknown {
  const own = firstOf(claims, profile.clientIdClaims);
  return own === undefined && profile.clientIdFallback === 'audience' ? ourAudience : own;
}

function ownScopes(foreign: readonly string[], claims: JsonObject, profile: IssuerProfile): Scope[] {
  const granted = new Set<string>([...foreign, ...profile.grantScopes]);
  // Not parsed by scopeList: a name may contain spaces and must not be split into scopes.
  const callers = profile.scopeMapClaims.map((claim) => claimAt(claims, claim));
  for (const known of [...foreign, ...callers]) {
    const ours = typeof known === 'string' ? profile.scopeMap.get(known) : undefined;
    for (const scope of ours ?? []) granted.add(scope);
  }
  return SCOPES.filter((scope) => granted.has(scope));
}

function refused(reason: TokenFailureReason): ClaimsResult {
  return { kind: 'refused', reason };
}
