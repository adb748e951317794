import { errors, jwtVerify } from 'jose';
import type { CryptoKey } from 'jose';

import type { Background } from '../ports/background.ts';
import type { Clock } from '../ports/clock.ts';
import type { FetchDocument } from '../ports/fetch-document.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Sha256 } from '../ports/sha256.ts';
import { CLOCK_TOLERANCE_S, validateClaims } from './token/claims.ts';
import { arrivalFault } from './token/credentials.ts';
import type { Arrival, TokenField, TrustedPages } from './token/credentials.ts';
import type { TokenFailure, TokenFailureReason } from './failure.ts';
import { issuerProfile } from './issuer-profile.ts';
import type { IssuerProfile } from './issuer-profile.ts';
import { issuerProblem, issuersSchema } from './issuers.ts';
import type { IssuerConfig } from './issuers.ts';
import { chooseKeys } from './keys/choose-keys.ts';
import { createKeySet } from './keys/key-set.ts';
import type { KeySet, KeysUnavailable } from './keys/key-set.ts';
import { nearestIssuer } from './nearest-issuer.ts';
import type { Principal } from './principal.ts';
import { createTokenCache } from './token/token-cache.ts';
import { parseToken, readHeader } from './token/token-grammar.ts';
import type { ParsedToken, TokenHeader } from './token/token-grammar.ts';
import type { VerificationKey } from './keys/verification-key.ts';
import { MAX_TOKEN_BYTES } from './token/token-limit.ts';

/**
 * Turns the text of a token into a Principal: form → issuer → arrival → header → key → signature (jose) → claims.
 * This is authentication only: it identifies the caller and never decides what the caller may do. A token is verified
 * against the keys and settings of exactly one issuer. Its `iss` selects that issuer before anything else in the token
 * is trusted (RFC 8725 §3.8, §3.9).
 */
export interface TokenVerifier {
  /** The header fields that tokens of the configured issuers come in. */
  readonly fields: ReadonlySet<TokenField>;
  /** Never rejects because of the token. */
  verify(token: string, arrival?: Arrival): Promise<VerifyResult>;
}

const BY_AUTHORIZATION: Arrival = { field: 'Authorization', origin: null, isSameOrigin: false };

export type VerifyResult =
  | { readonly kind: 'verified'; readonly principal: Principal }
  | { readonly kind: 'refused'; readonly failure: TokenFailure }
  /** The keys of this issuer (its short name) are not available, so there is no verdict on the token. */
  | (KeysUnavailable & { readonly issuer: string });

export interface TokenVerifierDeps extends TrustedPages {
  /** Entries of AUTH_ISSUERS, as `issuersSchema` reads them. */
  readonly issuers: readonly IssuerConfig[];
  readonly fetchDocument: FetchDocument;
  readonly clock: Clock;
  /** Called with the `iat` of a verified token, in milliseconds: that moment has passed. */
  readonly hearIssuedAt?: ((atMs: number) => void) | undefined;
  readonly insecureDev: boolean;
  /** False on Workers; see key-set.ts. */
  readonly canAwaitAcrossRequests: boolean;
  readonly background: Background;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** The runtime's own, where it is faster than the portable one. */
  readonly sha256?: Sha256 | undefined;
}

const UNREADABLE = {
  groups: 'token_group_unreadable',
  scopes: 'token_scope_unreadable',
  kind: 'token_kind_unreadable',
} as const;

interface Issuer {
  readonly profile: IssuerProfile;
  readonly keySet: KeySet;
}

/** Throws when the settings are invalid. */
export function createTokenVerifier(deps: TokenVerifierDeps): TokenVerifier {
  const { clock, logger } = deps;
  const byUrl = new Map<string, Issuer>();
  const byName = new Map<string, Issuer>();
  const issuers = checkedIssuers(deps);
  for (const config of issuers) {
    const profile = issuerProfile(config);
    const keySet = createKeySet({ ...deps, profile, rules: { insecureDev: deps.insecureDev } });
    byUrl.set(profile.issuer, { profile, keySet });
    byName.set(profile.name, { profile, keySet });
  }
  const cache = createTokenCache(undefined, deps.sha256);

  /** The cached result, if the key set that verified the token is still the current one. */
  const fromCache = async (token: string, arrival: Arrival): Promise<VerifyResult | null> => {
    const known = token.length > MAX_TOKEN_BYTES ? null : cache.get(token, clock.now());
    const issuer = known === null ? undefined : byName.get(known.principal.issuer);
    if (known === null || issuer === undefined) return null;
    const fault = arrivalFault(arrival, issuer.profile, deps);
    if (fault !== null) return refused(fault, issuer.profile.name);
    const current = await issuer.keySet.keys();
    if (current.kind === 'unavailable') return { ...current, issuer: issuer.profile.name };
    if (current.version === known.keySetVersion) return { kind: 'verified', principal: known.principal };
    cache.drop(token);
    return null;
  };

  const unknownIssuer = (iss: string): VerifyResult => {
    const nearest = nearestIssuer(iss, issuers);
    return {
      kind: 'refused',
      failure: { reason: 'issuer_unknown', issuer: null, ...(nearest === null ? {} : { nearest }) },
    };
  };

  const verifyWith = async (token: string, parsed: ParsedToken, { profile, keySet }: Issuer): Promise<VerifyResult> => {
    const refuse = (reason: TokenFailureReason): VerifyResult => refused(reason, profile.name);
    if (token.length > profile.maxTokenBytes) return refuse('token_too_long');
    const header = readHeader(parsed.header, profile);
    if (header.kind === 'refused') return refuse(header.reason);

    let found = await keySet.keys(header);
    if (found.kind === 'unavailable') return { ...found, issuer: profile.name };
    // The clock is read after the keys are there, because fetching them may have taken seconds.
    let nowMs = clock.now();
    let fault = await findFault(token, found.keys, header, profile, nowMs);
    const newer = fault === 'signature_invalid' ? await keySet.newerThan(found.version) : null;
    if (newer !== null) {
      found = newer;
      nowMs = clock.now();
      fault = await findFault(token, found.keys, header, profile, nowMs);
    }
    if (fault !== null) return refuse(fault);
    const claims = validateClaims(parsed.payload, profile, Math.floor(nowMs / 1000));
    if (claims.kind === 'refused') return refuse(claims.reason);
    for (const { claim, reason } of claims.unreadable) logger.warn(UNREADABLE[claim], { issuer: profile.name, reason });
    cache.put(token, { principal: claims.principal, keySetVersion: found.version }, nowMs);
    deps.hearIssuedAt?.(claims.issuedAt * 1000);
    return { kind: 'verified', principal: claims.principal };
  };

  return {
    fields: new Set([...byUrl.values()].map(({ profile }) => profile.tokenField)),
    async verify(token, arrival = BY_AUTHORIZATION) {
      const cached = await fromCache(token, arrival);
      if (cached !== null) return cached;
      const parsed = parseToken(token);
      if (parsed.kind === 'refused') return refused(parsed.reason, null);
      const { iss } = parsed.payload;
      if (typeof iss !== 'string') return refused('issuer_missing', null);
      const issuer = byUrl.get(iss);
      if (issuer === undefined) return unknownIssuer(iss);
      const fault = arrivalFault(arrival, issuer.profile, deps);
      return fault === null ? verifyWith(token, parsed, issuer) : refused(fault, issuer.profile.name);
    },
  };
}

function checkedIssuers({ issuers, insecureDev }: TokenVerifierDeps): readonly IssuerConfig[] {
  const checked = issuersSchema.parse(issuers);
  for (const entry of checked) {
    const problem = issuerProblem(entry, { insecureDev });
    if (problem !== null) throw new Error(`issuer ${entry.name}: ${problem}`);
  }
  return checked;
}

/** The fault that is found with the key that signed the token; `signature_invalid` when none of the keys did. */
async function findFault(
  token: string,
  keys: readonly VerificationKey[],
  ...context: FaultContext
): Promise<TokenFailureReason | null> {
  const chosen = chooseKeys(keys, context[0]);
  if (typeof chosen === 'string') return chosen;
  for (const key of chosen) {
    const fault = await findFaultWith(token, key, ...context);
    if (fault !== 'signature_invalid') return fault;
  }
  return 'signature_invalid';
}

type FaultContext = [header: TokenHeader, profile: IssuerProfile, nowMs: number];

async function findFaultWith(
  token: string,
  key: CryptoKey,
  ...[{ algorithm }, profile, nowMs]: FaultContext
): Promise<TokenFailureReason | null> {
  try {
    await jwtVerify(token, key, {
      algorithms: [algorithm],
      issuer: profile.issuer,
      currentDate: new Date(nowMs),
      clockTolerance: CLOCK_TOLERANCE_S,
      ...(profile.audienceClaim === 'aud' ? { audience: [...profile.audiences] } : {}),
    });
    return null;
  } catch (error) {
    if (error instanceof errors.JOSEError) return reasonOf(error);
    throw error;
  }
}

function reasonOf(error: errors.JOSEError): TokenFailureReason {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === 'missing') return 'claim_missing';
    if (error.reason === 'invalid') return 'claim_malformed';
    return CLAIM_REASONS[error.claim] ?? 'claim_mismatch';
  }
  return 'signature_invalid';
}

const CLAIM_REASONS: Readonly<Record<string, TokenFailureReason>> = {
  aud: 'audience_mismatch',
  nbf: 'not_yet_valid',
};

function refused(reason: TokenFailureReason, issuer: string | null): VerifyResult {
  return { kind: 'refused', failure: { reason, issuer } };
}
