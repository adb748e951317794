import * as z from 'zod';

import { holdsInvisible } from '../../lib/text/invisible-text.ts';
import { claimAt, firstOf } from './claim-at.ts';
import type { JsonObject } from './claim-at.ts';
import { allHold } from './claim-test.ts';
import type { FixedValue } from './claim-test.ts';
import { readGroups, readScopes } from './listed-names.ts';
import type { ListedScopes, UnreadableReason } from './listed-names.ts';
import type { TokenFailureReason } from '../failure.ts';
import type { IssuerProfile } from '../issuer-profile.ts';
import { SCOPES } from '../principal.ts';
import type { Principal, Scope } from '../principal.ts';

/**
 * Turns the claims of a token into a Principal, after its signature has been verified (RFC 7519 §4, RFC 9068 §2.2, §4).
 * It is pure and knows issuers only by their profile. Nothing is coerced. Claims that say who calls, for whom and until
 * when are strict: a `sub` that is a number or an `exp` that is a string refuses the token. Claims that only add rights
 * (groups, scopes) or tell apps from users are read as far as they can be; the rest grants nothing and is reported. The
 * Principal has only scopes of this service.
 */
export type ClaimsResult =
  | {
      readonly kind: 'principal';
      readonly principal: Principal;
      /** The `iat`, in whole seconds, rounded down. */
      readonly issuedAt: number;
      readonly unreadable: readonly UnreadableClaim[];
    }
  | { readonly kind: 'refused'; readonly reason: TokenFailureReason };

/** Claims that are there and cannot be read, or not wholly. */
export interface UnreadableClaim {
  readonly claim: 'groups' | 'scopes' | 'kind';
  readonly reason: UnreadableReason;
}

/** Allowed difference between the issuer's clock and ours, for `exp`, `nbf` and `iat`. */
export const CLOCK_TOLERANCE_S = 30;
/** Claims that are lists by definition (OpenID Connect Core §2, RFC 9068 §2.2.3.1). A required value may be any entry. */
const LIST_CLAIMS: ReadonlySet<string> = new Set(['amr', 'groups', 'roles', 'entitlements']);

/** `exp` reaches caches and records: whole seconds. Zod's `int` also refuses what a double cannot hold exactly. */
const seconds = z.int().nonnegative();
/** NumericDate (RFC 7519 §2) may have a fraction. It is compared as it is, so nothing is rounded in the token's favour. */
const moment = z.number().nonnegative().max(Number.MAX_SAFE_INTEGER);
/** Names reach policies, records and counter keys, so they are bounded and hold no invisible characters. */
const name = z
  .string()
  .min(1)
  .max(255)
  .refine((value) => !holdsInvisible(value));
const audience = z.union([z.string(), z.array(z.string())]);

const registered = z.object({
  iss: name,
  exp: seconds,
  iat: moment,
  nbf: moment.optional(),
});

export function validateClaims(claims: JsonObject, profile: IssuerProfile, nowS: number): ClaimsResult {
  for (const claim of ['iss', 'exp', 'iat', profile.audienceClaim, ...profile.requiredClaims]) {
    const value = claimAt(claims, claim);
    if (value === undefined) return refused('claim_missing');
    if (value === null) return refused('claim_malformed');
  }
  const own = registered.safeParse(claims);
  if (!own.success) return refused('claim_malformed');
  if (own.data.iss !== profile.issuer) return refused('claim_mismatch');
  for (const [claim, value] of Object.entries(profile.fixedClaims)) {
    if (!isRequiredValue(claimAt(claims, claim), value, claim)) return refused('claim_mismatch');
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
  const tokenId = name.optional().safeParse(findTokenId(claims, profile));
  if (!subject.success || !clientId.success || !tokenId.success) return refused('claim_malformed');
  if (allHold(profile.mustHold, claims, clientId.data) !== 'holds') return refused('claim_mismatch');

  const groups = readGroups(claims, profile.groupClaims);
  const scopes = readScopes(claims, profile.scopeClaims);
  const isApp = allHold(profile.appWhen, claims, clientId.data);
  const principal: Principal = {
    issuer: profile.name,
    issuerUrl: profile.issuer,
    subject: subject.data,
    clientId: clientId.data,
    groups: Object.freeze(groups.names),
    ...(groups.unreadable === null ? {} : { hasUnreadableGroups: true }),
    kind: isApp === 'holds' ? 'app' : 'user',
    ...(isApp === 'unclear' ? { hasUnreadableKind: true } : {}),
    scopes: Object.freeze(ownScopes(scopes, claims, profile)),
    tokenId: tokenId.data ?? null,
    expiresAt: own.data.exp,
  };
  const unreadable: UnreadableClaim[] = [];
  if (groups.unreadable !== null) unreadable.push({ claim: 'groups', reason: groups.unreadable });
  if (scopes.unreadable !== null) unreadable.push({ claim: 'scopes', reason: scopes.unreadable });
  if (isApp === 'unclear') unreadable.push({ claim: 'kind', reason: 'form' });
  return { kind: 'principal', principal: Object.freeze(principal), issuedAt: Math.floor(own.data.iat), unreadable };
}

/** Exact, so `1` is not `true`. */
function isRequiredValue(value: unknown, required: FixedValue, claim: string): boolean {
  return value === required || (LIST_CLAIMS.has(claim) && Array.isArray(value) && value.includes(required));
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
  const first = firstOf(claims, nonEmpty);
  return first === undefined ? firstOf(claims, subjectClaims) : first;
}

function findClient(claims: JsonObject, profile: IssuerProfile, ourAudience: string): unknown {
  const own = firstOf(claims, profile.clientIdClaims);
  return own === undefined && profile.clientIdFallback === 'audience' ? ourAudience : own;
}

/** Nothing is decided by it. Where the profile does not require it, one that is no text counts as absent. */
function findTokenId(claims: JsonObject, { tokenIdClaim, requiredClaims }: IssuerProfile): unknown {
  const value = claimAt(claims, tokenIdClaim);
  return typeof value === 'string' || requiredClaims.includes(tokenIdClaim) ? value : undefined;
}

function ownScopes({ names, whole }: ListedScopes, claims: JsonObject, profile: IssuerProfile): Scope[] {
  const granted = new Set<string>([...names, ...profile.grantScopes]);
  // Not read as scopes: a name may contain spaces and must not be split.
  const callers = profile.scopeMapClaims.map((claim) => claimAt(claims, claim));
  for (const known of [...names, whole, ...callers]) {
    const ours = typeof known === 'string' ? profile.scopeMap.get(known) : undefined;
    for (const scope of ours ?? []) granted.add(scope);
  }
  return SCOPES.filter((scope) => granted.has(scope));
}

function refused(reason: TokenFailureReason): ClaimsResult {
  return { kind: 'refused', reason };
}
