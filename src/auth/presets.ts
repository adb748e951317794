import type { ClaimTest, FixedValue } from './token/claim-test.ts';
import type { TokenField } from './token/credentials.ts';

/**
 * What the access tokens of each kind of identity provider look like: a table with one row per kind. AUTH_ISSUERS names
 * a row (`preset`) and may override parts of it. The default is `rfc9068` (JWT Profile for OAuth 2.0 Access Tokens). A
 * row never says what a token may do; the policy does. Invariant: every row requires something that ID tokens of the
 * same issuer lack or have in another form. The exception is `google`, which has no other tokens: its row accepts the
 * ID tokens of service accounts, and refuses those of people. docs/identity-providers.md describes the presets for
 * operators.
 *
 * A claim is named by its top-level name or, when the name starts with `/`, by a JSON Pointer (RFC 6901), such as
 * `/realm_access/roles`. Where several claims are listed, the first one that the token has is used, even if its value
 * is null or cannot be read.
 */
export interface Preset {
  /** The only header field in which tokens of this issuer are accepted. */
  readonly tokenField: TokenField;
  /** Values of `typ`, lower-case, without `application/` (RFC 7515 §4.1.9). */
  readonly tokenTypes: readonly string[];
  /** Whether a token without `typ` is refused. */
  readonly tokenTypeRequired: boolean;
  /** Longest `exp` - `iat` accepted, in seconds. */
  readonly maxLifetimeS: number;
  /** The claim that names the token's audience: a string or an array of strings. */
  readonly audienceClaim: string;
  /** Claims that identify the caller permanently. An empty text is skipped while another claim of the list has one. */
  readonly subjectClaims: readonly string[];
  readonly clientIdClaims: readonly string[];
  /** The client id of a token that has none; null: such a token is refused. */
  readonly clientIdFallback: 'audience' | null;
  /** Claims with a text of space-separated scopes, or a list of scopes (listed-names.ts). */
  readonly scopeClaims: readonly string[];
  /** `scope_map` may translate the whole value of these claims. They identify a caller, so they are never scopes. */
  readonly scopeMapClaims: readonly string[];
  /** Claims with a list of groups, or one group as a text (listed-names.ts). */
  readonly groupClaims: readonly string[];
  /** The claim that identifies the token itself, if it has one. */
  readonly tokenIdClaim: string;
  /**
   * The caller is an `app` and not a `user` when all of these hold. An empty list always holds. When none fails and one
   * is unclear, the kind of the caller is unclear.
   */
  readonly appWhen: readonly ClaimTest[];
  /** Required claims besides `iss`, `exp`, `iat`, audience, subject and client id, which are always required. */
  readonly requiredClaims: readonly string[];
  /** Claims that must have exactly this value. */
  readonly fixedClaims: Readonly<Record<string, FixedValue>>;
  /** Further conditions on the claims. */
  readonly mustHold: readonly ClaimTest[];
  /** The path of the key set below the issuer, for an issuer without metadata. Null: the metadata names the URL. */
  readonly keySetPath: string | null;
  /** False where strangers can get a token for any audience. `scope_map` must then grant scopes to named callers. */
  readonly grantScopesAllowed: boolean;
}

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

const RFC_9068: Preset = {
  tokenField: 'Authorization',
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
  appWhen: [{ kind: 'names_client', claim: 'sub' }], // §2.2: with client credentials, `sub` is the client itself
  requiredClaims: ['jti'],
  fixedClaims: {},
  mustHold: [],
  keySetPath: null,
  grantScopesAllowed: true,
};

const ENTRA: Preset = {
  ...RFC_9068,
  tokenTypes: ['jwt'],
  maxLifetimeS: 2 * HOUR_S, // 60 to 90 minutes, and `iat` is five minutes early
  subjectClaims: ['oid'], // shown by the portal and the sign-in log; `sub` differs per application
  scopeClaims: ['scp', 'roles'], // only `scp` for users: their `roles` describe the user, not the client's permissions
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

  // ID tokens have no `cid`. Tokens of the org authorization server have their own `typ` and are not meant for others.
  okta: {
    ...RFC_9068,
    tokenTypes: ['jwt', 'at+jwt'],
    tokenTypeRequired: false,
    subjectClaims: ['uid', 'sub'], // a user's `sub` is the login, which can change; an app has no `uid`
    clientIdClaims: ['cid'],
    scopeClaims: ['scp'],
    appWhen: [
      { kind: 'names_client', claim: 'sub' },
      { kind: 'absent', claim: 'uid' }, // a user may choose a login that equals a client id
    ],
    fixedClaims: { ver: 1 },
  },

  // ID tokens have neither `azp` nor `client_id`. The row covers both token dialects.
  auth0: {
    ...RFC_9068,
    tokenTypes: ['jwt', 'at+jwt'],
    clientIdClaims: ['azp', 'client_id'],
    scopeClaims: ['permissions', 'scope'], // with RBAC on, `permissions` was assigned and `scope` was requested
    groupClaims: [],
    appWhen: [
      { kind: 'names_client', claim: 'sub', suffix: '@clients' },
      { kind: 'absent_or_equals', claim: 'gty', value: 'client-credentials' },
    ],
    requiredClaims: [],
  },

  // ID tokens have `ID` in the `typ` claim; tokens bound to a key have `DPoP`.
  keycloak: {
    ...RFC_9068,
    tokenTypes: ['jwt', 'at+jwt'],
    maxLifetimeS: HOUR_S,
    clientIdClaims: ['azp'],
    appWhen: [
      { kind: 'names_client', claim: 'preferred_username', prefix: 'service-account-', lowerCase: true },
      { kind: 'names_client', claim: 'client_id' }, // a person may register such a username, but never gets this claim
    ],
    fixedClaims: { typ: 'Bearer' },
  },

  // Access tokens have no `aud`, so `audience` lists app clients. The `token_use` of ID tokens is `id`.
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

  // Identity tokens of service accounts, which are always apps. A person's address never ends in this suffix.
  google: {
    ...RFC_9068,
    tokenTypes: ['jwt'],
    maxLifetimeS: HOUR_S,
    clientIdClaims: ['email'], // `azp` is the address or a number, depending on how the token was made
    scopeClaims: [],
    scopeMapClaims: ['email'],
    groupClaims: [],
    appWhen: [],
    requiredClaims: [],
    fixedClaims: { email_verified: true },
    mustHold: [{ kind: 'ends_with', claim: 'email', suffix: '.gserviceaccount.com' }],
    grantScopesAllowed: false, // any service account of anyone can get a token for any audience
  },

  // A person has `sub` and `email`; a service token has an empty `sub`. The global session token has the type `org`.
  'cloudflare-access': {
    ...RFC_9068,
    tokenField: 'Cf-Access-Jwt-Assertion',
    tokenTypes: ['jwt'],
    subjectClaims: ['sub', 'common_name'],
    clientIdClaims: ['common_name'],
    clientIdFallback: 'audience', // the Access application that the person used
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
