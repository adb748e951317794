import { ALGORITHM_NAMES } from './keys/algorithms.ts';
import type { Algorithm } from './keys/algorithms.ts';
import type { FixedValue } from './token/claim-test.ts';
import { DEFAULT_TOKEN_BYTES } from './token/token-limit.ts';
import type { IssuerConfig } from './issuers.ts';
import { PRESETS } from './presets.ts';
import type { Preset } from './presets.ts';
import type { Scope } from './principal.ts';

/**
 * One AUTH_ISSUERS entry combined with its preset: everything that the checks need to know about an issuer, resolved at
 * start. A member of the entry replaces the preset's value. Only required claims are added to those of the preset.
 */
export interface IssuerProfile extends Preset {
  readonly name: string;
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** Null: the issuer's metadata names it. */
  readonly jwksUri: string | null;
  readonly algorithms: readonly Algorithm[];
  readonly maxTokenBytes: number;
  readonly scopeMap: ReadonlyMap<string, readonly Scope[]>;
  readonly grantScopes: readonly Scope[];
}

export function issuerProfile(config: IssuerConfig): IssuerProfile {
  const preset: Preset = PRESETS[config.preset ?? 'rfc9068'];
  const claims = config.claims ?? {};
  const required = Object.entries(claims.require ?? {});
  const fixed = required.filter((entry): entry is [string, FixedValue] => entry[1] !== null);
  return {
    ...preset,
    name: config.name,
    issuer: config.issuer,
    audiences: list(config.audience),
    jwksUri: config.jwks_uri ?? keySetUri(config.issuer, preset),
    algorithms: config.algorithms ?? ALGORITHM_NAMES,
    maxTokenBytes: config.max_token_bytes ?? DEFAULT_TOKEN_BYTES,
    tokenTypes: config.token_types?.map(normalTokenType) ?? preset.tokenTypes,
    tokenTypeRequired: preset.tokenTypeRequired || config.token_types !== undefined,
    maxLifetimeS: config.max_lifetime_s ?? preset.maxLifetimeS,
    audienceClaim: claims.audience ?? preset.audienceClaim,
    subjectClaims: claims.subject === undefined ? preset.subjectClaims : list(claims.subject),
    clientIdClaims: claims.client_id === undefined ? preset.clientIdClaims : list(claims.client_id),
    clientIdFallback: claims.client_id === undefined ? preset.clientIdFallback : null,
    scopeClaims: claims.scopes === undefined ? preset.scopeClaims : list(claims.scopes),
    groupClaims: claims.groups === undefined ? preset.groupClaims : list(claims.groups),
    requiredClaims: [...preset.requiredClaims, ...required.map(([claim]) => claim)],
    fixedClaims: { ...preset.fixedClaims, ...Object.fromEntries(fixed) },
    scopeMap: new Map(Object.entries(config.scope_map ?? {}).map(([foreign, ours]) => [foreign, list(ours)])),
    grantScopes: config.grant_scopes ?? [],
  };
}

function keySetUri(issuer: string, { keySetPath }: Preset): string | null {
  return keySetPath === null ? null : issuer.replace(/\/$/, '') + keySetPath;
}

/** A media type without its `application/` prefix, lower-case (RFC 7515 §4.1.9). */
export function normalTokenType(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, '');
}

function list<Item>(oneOrMore: Item | readonly Item[]): readonly Item[] {
  return Array.isArray(oneOrMore) ? (oneOrMore as readonly Item[]) : [oneOrMore as Item];
}
