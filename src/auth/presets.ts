import type { ClaimTest, FixedValue } from './token/claim-test.ts';
import type { TokenField } from './token/credentials.ts';

/**
 * What is known of each kind of identity provider: one row, no branches. A row says how its access tokens look;
 * AUTH_ISSUERS names a row (`preset`) and may override parts of it. Never what a token may do: that is the policy's.
 * `rfc9068` is the default (RFC 9068, JWT Profile for OAuth 2.0 Access Tokens). Invariant: in each row something that
 * ID tokens of the same issuer lack or have otherwise keeps them out; where identity tokens are what there is
 * (google), what keeps people's out. docs/identity-providers.md says the same to those who configure it.
 *
 * A claim is named by its top-level name, or, when the name starts with `/`, by a JSON Pointer (RFC 6901):
 * `/realm_access/roles`. Where several are listed, the first one that the token has is used.
 */
export interface Preset {
  /** The one header field in which tokens of this issuer may come. */
  readonly tokenField: TokenField;
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
  /** The claim that names the caller for good. An empty text counts as none while another claim of the list has one. */
  readonly subjectClaims: readonly string[];
  readonly clientIdClaims: readonly string[];
  /** What stands for the client id in a token that has none; null: such a token is refused. */
  readonly clientIdFallback: 'audience' | null;
  /** Strings of space-separated scopes, or arrays of them. */
  readonly scopeClaims: readonly string[];
  /** Claims whose whole value `scope_map` may translate. They name someone, so they are never scopes by themselves. */
  readonly scopeMapClaims: readonly string[];
  readonly groupClaims: readonly string[];
  /** The claim that identifies the token itself, where it has one. */
  readonly tokenIdClaim: string;
  /** The caller is an `app` and not a `user` when all of these hold; of an empty list, all do. */
  readonly appWhen: readonly ClaimTest[];
  /** Claims that must be there, beside `iss`, `exp`, `iat`, audience, subject and client id, which always must. */
  readonly requiredClaims: readonly string[];
  /** Claims that must be there with exactly this value. */
  readonly fixedClaims: Readonly<Record<string, FixedValue>>;
  /** What else must hold of the claims. */
  readonly mustHold: readonly ClaimTest[];
  /** Where the keys are, below the issuer, when it publishes no metadata. Null: the metadata says. */
  readonly keySetPath: string | null;
  /** False where strangers can get a token for any audience: scopes must then be given to names, by `scope_map`. */
  readonly grantScopesAllowed: boolean;
}

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

const RFC_9068: Preset = {
  tokenField: 'Authorization',
  headerFields: [],
  tokenTypes: ['at+jwt'],
  tokenTypeRequired: true,
  maxLifetimeS: DAY_S,
  audienceClaim: 'aud',
  subjectClaims: ['sub'],
  clientIdClaims: ['client_id'],
  clientIdFallback: null,
  scopeClaims: ['scope'],
  scopeMapClaims: [],
  groupClaims: ['groups'],
  tokenIdClaim: 'jti',
  appWhen: [{ kind: 'names_client', claim: 'sub' }], // §2.2: client credentials make `sub` the client itself
  requiredClaims: ['jti'],
  fixedClaims: {},
  mustHold: [],
  keySetPath: null,
  grantScopesAllowed: true,
};

const ENTRA: Preset = {
  ...RFC_9068,
  headerFields: ['x5t'],
  tokenTypes: ['jwt'],
  maxLifetimeS: 2 * HOUR_S, // 60 to 90 minutes, and `iat` is set back by five
  subjectClaims: ['oid'], // what the portal and the sign-in log show; `sub` differs from application to application
  scopeClaims: ['scp', 'roles'], // of a user's token `scp` alone: `roles` is then what the user is, not what the client may
  tokenIdClaim: 'uti',
  appWhen: [
    { kind: 'absent', claim: 'scp' }, // "only included for user tokens"
    { kind: 'absent_or_equals', claim: 'idtyp', value: 'app' },
  ],
  requiredClaims: [],
};

export const PRESETS = {
  rfc9068: RFC_9068,

  // ID tokens have no `azp` (v1: `appid`).
  'entra-v2': { ...ENTRA, clientIdClaims: ['azp'], fixedClaims: { ver: '2.0' } },
  'entra-v1': { ...ENTRA, clientIdClaims: ['appid'], fixedClaims: { ver: '1.0' } },

  // ID tokens have no `cid`. Tokens of the org authorization server carry a `typ` of their own and are not for others.
  okta: {
    ...RFC_9068,
    tokenTypes: ['jwt', 'at+jwt'],
    tokenTypeRequired: false,
    subjectClaims: ['uid', 'sub'], // a user's `sub` is the login, which changes; an app has no `uid`
    clientIdClaims: ['cid'],
    scopeClaims: ['scp'],
    appWhen: [
      { kind: 'names_client', claim: 'sub' },
      { kind: 'absent', claim: 'uid' }, // a user may choose a login
    ],
    fixedClaims: { ver: 1 },
  },

  // ID tokens have neither `azp` nor `client_id`. Both token dialects.
  auth0: {
    ...RFC_9068,
    tokenTypes: ['jwt', 'at+jwt'],
    clientIdClaims: ['azp', 'client_id'],
    scopeClaims: ['permissions', 'scope'], // with RBAC on, `permissions` is what was assigned, `scope` what was asked for
    groupClaims: [],
    appWhen: [
      { kind: 'names_client', claim: 'sub', suffix: '@clients' },
      { kind: 'absent_or_equals', claim: 'gty', value: 'client-credentials' },
    ],
    requiredClaims: [],
  },

  // The `typ` claim of ID tokens is `ID`, that of tokens bound to a key `DPoP`.
  keycloak: {
    ...RFC_9068,
    tokenTypes: ['jwt', 'at+jwt'],
    maxLifetimeS: HOUR_S,
    clientIdClaims: ['azp'],
    appWhen: [
      { kind: 'names_client', claim: 'preferred_username', prefix: 'service-account-', lowerCase: true },
      { kind: 'names_client', claim: 'client_id' }, // a person may register under such a name, but not get this claim
    ],
    fixedClaims: { typ: 'Bearer' },
  },

  // Access tokens have no `aud`: `audience` lists app clients. The `token_use` of ID tokens is `id`.
  cognito: {
    ...RFC_9068,
    tokenTypes: [],
    tokenTypeRequired: false,
    audienceClaim: 'client_id',
    groupClaims: ['cognito:groups'],
    appWhen: [
      { kind: 'names_client', claim: 'sub' },
      { kind: 'absent', claim: 'username' },
    ],
    fixedClaims: { token_use: 'access' },
  },

  // Identity tokens of service accounts, which are always apps; a person's address never has this ending.
  google: {
    ...RFC_9068,
    tokenTypes: ['jwt'],
    maxLifetimeS: HOUR_S,
    clientIdClaims: ['email'], // `azp` is the address or a number, by the way the token was made
    scopeClaims: [],
    scopeMapClaims: ['email'],
    groupClaims: [],
    appWhen: [],
    requiredClaims: [],
    fixedClaims: { email_verified: true },
    mustHold: [{ kind: 'ends_with', claim: 'email', suffix: '.gserviceaccount.com' }],
    grantScopesAllowed: false, // any service account on earth gets a token for the audience it asks for
  },

  // A person has `sub` and `email`; a service token has an empty `sub`. The global session token is of type `org`.
  'cloudflare-access': {
    ...RFC_9068,
    tokenField: 'Cf-Access-Jwt-Assertion',
    tokenTypes: ['jwt'],
    subjectClaims: ['sub', 'common_name'],
    clientIdClaims: ['common_name'],
    clientIdFallback: 'audience', // the Access application a person came through
    scopeClaims: [],
    scopeMapClaims: ['email', 'common_name'],
    groupClaims: ['/custom/groups'],
    appWhen: [{ kind: 'equals', claim: 'sub', value: '' }],
    requiredClaims: [],
    fixedClaims: { type: 'app' },
    keySetPath: '/cdn-cgi/access/certs',
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof PRESETS;

export const PRESET_NAMES = Object.keys(PRESETS) as [PresetName, ...PresetName[]];
