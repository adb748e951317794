/**
 * What is known of each kind of identity provider: one row, no branches. A row says how its access tokens look;
 * AUTH_ISSUERS names a row (`preset`) and may override parts of it. Never what a token may do: that is the policy's.
 * `rfc9068` is the default (RFC 9068, JWT Profile for OAuth 2.0 Access Tokens).
 *
 * A claim is named by its top-level name, or, when the name starts with `/`, by a JSON Pointer (RFC 6901):
 * `/realm_access/roles`. Where several are listed, the first one that the token has is used.
 */
export interface Preset {
  /** Header fields allowed beside `alg`, `kid` and `typ`. Their values are never used. */
  readonly headerFields: readonly string[];
  /** Values of `typ`, lower-case, without `application/` (RFC 7515 §4.1.9). */
  readonly tokenTypes: readonly string[];
  /** Whether a token without `typ` is refused. */
  readonly tokenTypeRequired: boolean;
  /** Longest `exp` - `iat` accepted, in seconds. */
  readonly maxLifetimeS: number;
  /** The claim that says whom the token is for: a string or an array of strings. */
  readonly audienceClaim: string;
  readonly clientIdClaims: readonly string[];
  /** Strings of space-separated scopes, or arrays of them. */
  readonly scopeClaims: readonly string[];
  readonly groupClaims: readonly string[];
  /** What makes the caller an `app` and not a `user`. */
  readonly appWhen: AppRule;
  /** Claims that must be there, beside `iss`, `sub`, `exp`, `iat`, the audience and the client id, which always must. */
  readonly requiredClaims: readonly string[];
  /** Claims that must be there with exactly this value. */
  readonly fixedClaims: Readonly<Record<string, FixedValue>>;
}

export type FixedValue = string | number | boolean;

export type AppRule =
  | { readonly kind: 'subject_is_client' }
  | { readonly kind: 'claim_equals'; readonly claim: string; readonly value: FixedValue };

export const PRESETS = {
  rfc9068: {
    headerFields: [],
    tokenTypes: ['at+jwt'],
    tokenTypeRequired: true,
    maxLifetimeS: 86_400,
    audienceClaim: 'aud',
    clientIdClaims: ['client_id'],
    scopeClaims: ['scope'],
    groupClaims: ['groups'],
    appWhen: { kind: 'subject_is_client' }, // RFC 9068 §2.2: client credentials make `sub` the client itself
    requiredClaims: ['jti'],
    fixedClaims: {},
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof PRESETS;

export const PRESET_NAMES = Object.keys(PRESETS) as [PresetName, ...PresetName[]];
