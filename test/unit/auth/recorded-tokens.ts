import type { Principal } from '../../../src/auth/principal.ts';
import type { IssuerConfig } from '../../../src/auth/issuers.ts';
import type { PresetName } from '../../../src/auth/presets.ts';
import { NOW_S } from '../../support/tokens.ts';
import { TOKENS_BY_OVERRIDES } from './recorded-overrides.ts';

/**
 * Access tokens as each vendor documents or sends them. Every claim and header field is kept; names and times are
 * replaced, and a test's key signs them. Each has its AUTH_ISSUERS entry from docs/identity-providers.md, and tokens of
 * the same issuer that this service must refuse.
 */
export interface RecordedToken {
  readonly title: string;
  readonly preset: PresetName;
  /** Without `name`. */
  readonly entry: Omit<IssuerConfig, 'name'>;
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** The expected caller; `issuer` and the rest follow from the entry. */
  readonly caller: Pick<Principal, 'subject' | 'clientId' | 'kind' | 'groups' | 'scopes' | 'tokenId'>;
  /** Changes to the claims that make a valid token without any scope of this service. */
  readonly withoutScope: Readonly<Record<string, unknown>>;
  /** Another value of `typ` that this issuer's tokens must not have. */
  readonly wrongType: string;
  /** Other tokens of the same issuer, as changes to this one, with the reason of their refusal. */
  readonly foreign: Readonly<Record<string, ForeignToken>>;
}

interface ForeignToken {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly reason: string;
}

const API = 'https://invites.acme.com';
const TENANT = '5f3c2f0e-6f0d-4c43-9a52-1e7a5b1d8c11';
const API_APP = '0d5c8e8a-1d2b-4b7e-8d3a-7c1f0a9b6e21';
const CLIENT_APP = '7be4e1d2-3c58-4c2f-bb0e-0a4c5d6e7f80';
const ANN = 'a1f6c7d8-90ab-4cde-8f01-23456789abcd';
const BOT = 'c0ffee00-1234-4abc-9def-0123456789ab';
const GROUP = '2e1d0c9b-8a79-4685-b3c4-d5e6f7a8b9c0';
const GOOGLE_BOT = 'invites-bot@acme-prod.iam.gserviceaccount.com';
const AUD_TAG = '32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228';
const SERVICE_TOKEN = 'e367826f93b8d71185e03fe518aff3b4.access';

const lasting = (seconds: number) => ({ iat: NOW_S - 60, exp: NOW_S - 60 + seconds });
/** Entra sets `iat` and `nbf` five minutes back. */
const byEntra = { iat: NOW_S - 300, nbf: NOW_S - 300, exp: NOW_S + 4500 };
const none = undefined;

const ENTRA_V2: Omit<RecordedToken, 'title' | 'claims' | 'caller' | 'withoutScope' | 'foreign'> = {
  preset: 'entra-v2',
  entry: { issuer: `https://login.microsoftonline.com/${TENANT}/v2.0`, audience: API_APP, preset: 'entra-v2' },
  header: { typ: 'JWT', alg: 'RS256', x5t: 'kg2LYs2T0CTjIfj4rt6JIynen38', kid: 'kg2LYs2T0CTjIfj4rt6JIynen38' },
  wrongType: 'at+jwt',
};

const ENTRA_V1: typeof ENTRA_V2 = {
  preset: 'entra-v1',
  entry: {
    issuer: `https://sts.windows.net/${TENANT}/`,
    jwks_uri: `https://login.microsoftonline.com/${TENANT}/discovery/keys`,
    audience: [`api://${API_APP}`, API_APP],
    preset: 'entra-v1',
  },
  header: { typ: 'JWT', alg: 'RS256', x5t: 'kg2LYs2T0CTjIfj4rt6JIynen38', kid: 'kg2LYs2T0CTjIfj4rt6JIynen38' },
  wrongType: 'at+jwt',
};

const OKTA: typeof ENTRA_V2 = {
  preset: 'okta',
  entry: { issuer: 'https://acme.okta.com/oauth2/aus1a2b3c4D5e6F7g8h9', audience: API, preset: 'okta' },
  header: { kid: 'ZkvelLN-seik7w4pc-prCcfUf-h2hFfiwkDeCrs0iUc', alg: 'RS256' },
  wrongType: 'application/okta-internal-at+jwt',
};

const AUTH0: typeof ENTRA_V2 = {
  preset: 'auth0',
  entry: { issuer: 'https://acme.eu.auth0.com/', audience: API, preset: 'auth0' },
  header: { alg: 'RS256', typ: 'JWT', kid: 'NzQ2OTcwNjU3MzIwNjY2Zg' },
  wrongType: 'logout+jwt',
};

const KEYCLOAK: typeof ENTRA_V2 = {
  preset: 'keycloak',
  entry: { issuer: 'https://sso.acme.com/realms/corp', audience: 'galileo-invites', preset: 'keycloak' },
  header: { alg: 'RS256', typ: 'JWT', kid: 'nnniBrxL0qhG79pkF3ccQ-l0jDmxKrYYy2YLlEe1s' },
  wrongType: 'logout+jwt',
};

const COGNITO: typeof ENTRA_V2 = {
  preset: 'cognito',
  entry: {
    issuer: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI',
    audience: ['1example23456789', '2example23456789'],
    preset: 'cognito',
    scope_map: { 'galileo-invites/invites:write': 'invites:write', 'galileo-invites/audit:read': 'audit:read' },
  },
  header: { kid: 'KzOKmVTWNrFDGGg0dvBVtEsYFzRDi4lFUzpdKJp1e4M=', alg: 'RS256' },
  wrongType: 'JWT',
};

const GOOGLE: typeof ENTRA_V2 = {
  preset: 'google',
  entry: {
    issuer: 'https://accounts.google.com',
    audience: API,
    preset: 'google',
    scope_map: { [GOOGLE_BOT]: 'invites:write' },
  },
  header: { alg: 'RS256', kid: '6a906ec119d7ba46a6a43ef1ea842e34a8ee08b4', typ: 'JWT' },
  wrongType: 'at+jwt',
};

const ACCESS: typeof ENTRA_V2 = {
  preset: 'cloudflare-access',
  entry: {
    issuer: 'https://acme.cloudflareaccess.com',
    audience: AUD_TAG,
    preset: 'cloudflare-access',
    scope_map: { 'audit@acme.com': 'audit:read', 'ann@acme.com': 'invites:write', [SERVICE_TOKEN]: 'invites:write' },
  },
  header: { alg: 'RS256', kid: '9338abe1baf2fe492f646a736f25afbf7b025e35c627be4f60c414d4c73069b8', typ: 'JWT' },
  wrongType: 'at+jwt',
};

export const RECORDED_TOKENS: readonly RecordedToken[] = [
  {
    title: 'RFC 9068, a user',
    preset: 'rfc9068',
    entry: { issuer: 'https://login.acme.com', audience: API },
    header: { typ: 'at+JWT', alg: 'RS256', kid: 'RjEwOwOA' },
    claims: {
      iss: 'https://login.acme.com',
      sub: '5ba552d67',
      aud: API,
      ...lasting(3600),
      auth_time: NOW_S - 90,
      jti: 'dbe39bf3a3ba4238a513f51d6e1691c4',
      client_id: 's6BhdRkqt3',
      scope: 'openid profile invites:write',
      groups: ['it-admins'],
    },
    caller: {
      subject: '5ba552d67',
      clientId: 's6BhdRkqt3',
      kind: 'user',
      groups: ['it-admins'],
      scopes: ['invites:write'],
      tokenId: 'dbe39bf3a3ba4238a513f51d6e1691c4',
    },
    withoutScope: { scope: 'openid profile' },
    wrongType: 'JWT',
    foreign: {
      'an ID token': { header: { typ: 'JWT' }, claims: { aud: 's6BhdRkqt3' }, reason: 'token_type_not_allowed' },
    },
  },
  {
    ...ENTRA_V2,
    title: 'Entra ID v2.0, a user',
    claims: {
      aud: API_APP,
      iss: ENTRA_V2.entry.issuer,
      ...byEntra,
      aio: 'AXQAi/8IAAAAtAaZLo3ChMif6KOnttRB7eBq4/DccQzjcJGxPYy/C3jDaNGxXd6wNIIVGRghNRnwJ1lOcAnNZcjvkoyrFxCttv33140RioOFJ4bCCGVuoCag1uOTT22222gHwLPYQ/uf79QX+0KIijdrmp69RctzmQ==',
      azp: CLIENT_APP,
      azpacr: '0',
      groups: [GROUP],
      name: 'Ann Example',
      oid: ANN,
      preferred_username: 'ann@acme.com',
      rh: 'I',
      roles: ['audit:read'],
      scp: 'access_as_user invites:write',
      sub: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
      tid: TENANT,
      uti: 'fqiBqXLPj0eQa82S-IYFAA',
      ver: '2.0',
    },
    // Not audit:read: a role describes Ann, not what this client may do for her.
    caller: {
      subject: ANN,
      clientId: CLIENT_APP,
      kind: 'user',
      groups: [GROUP],
      scopes: ['invites:write'],
      tokenId: 'fqiBqXLPj0eQa82S-IYFAA',
    },
    withoutScope: { scp: 'access_as_user' },
    foreign: {
      'an ID token': {
        claims: { azp: none, azpacr: none, scp: none, nonce: '12345' },
        reason: 'claim_missing',
      },
      'a v1.0 token': { claims: { ver: '1.0' }, reason: 'claim_mismatch' },
      'a token for Microsoft Graph': {
        header: { nonce: 'AQABAAAAAABeAFzDwllz' },
        claims: { aud: '00000003-0000-0000-c000-000000000000' },
        reason: 'audience_mismatch',
      },
    },
  },
  {
    ...ENTRA_V2,
    title: 'Entra ID v2.0, an app',
    claims: {
      aud: API_APP,
      iss: ENTRA_V2.entry.issuer,
      ...byEntra,
      aio: 'E2RgYLjA8vpRTv/5LjA8vpRTv/5vAgA=',
      azp: CLIENT_APP,
      azpacr: '1',
      idtyp: 'app',
      oid: BOT,
      rh: '0.AXwADi88Xw1vQ0yaUh56Wx2MEYqOXA0rHX5LjTp8Hwqbbh4BAAA.',
      roles: ['invites:write'],
      sub: BOT,
      tid: TENANT,
      uti: 'sOQ7d5jOoUyNRVLxbbrnAA',
      ver: '2.0',
    },
    caller: {
      subject: BOT,
      clientId: CLIENT_APP,
      kind: 'app',
      groups: [],
      scopes: ['invites:write'],
      tokenId: 'sOQ7d5jOoUyNRVLxbbrnAA',
    },
    withoutScope: { roles: none },
    foreign: { 'a token that names no object': { claims: { oid: none }, reason: 'claim_missing' } },
  },
  {
    ...ENTRA_V1,
    title: 'Entra ID v1.0, a user',
    claims: {
      aud: `api://${API_APP}`,
      iss: ENTRA_V1.entry.issuer,
      ...byEntra,
      acr: '1',
      aio: 'AXQAi/8IAAAAXxT1CV4bK3SlyJ1H',
      amr: ['pwd', 'mfa'],
      appid: CLIENT_APP,
      appidacr: '0',
      email: 'ann@acme.com',
      family_name: 'Example',
      given_name: 'Ann',
      ipaddr: '192.0.2.7',
      name: 'Ann Example',
      oid: ANN,
      rh: 'I',
      scp: 'invites:write',
      sub: 'l3_roISQU222bULS9yi2k0XpqpOiMz5H3ZACo1GeXA',
      tid: TENANT,
      unique_name: 'ann@acme.com',
      uti: 'FVsGxYXI30-TuikuuUoFAA',
      ver: '1.0',
    },
    caller: {
      subject: ANN,
      clientId: CLIENT_APP,
      kind: 'user',
      groups: [],
      scopes: ['invites:write'],
      tokenId: 'FVsGxYXI30-TuikuuUoFAA',
    },
    withoutScope: { scp: 'user_impersonation' },
    foreign: {
      'an ID token': { claims: { aud: API_APP, appid: none, appidacr: none, scp: none }, reason: 'claim_missing' },
      'a v2.0 token': { claims: { ver: '2.0' }, reason: 'claim_mismatch' },
    },
  },
  {
    ...ENTRA_V1,
    title: 'Entra ID v1.0, an app',
    claims: {
      aud: API_APP,
      iss: ENTRA_V1.entry.issuer,
      ...byEntra,
      aio: 'E2RgYLjA8vpRTv/5LjA8vpRTv/5vAgA=',
      appid: CLIENT_APP,
      appidacr: '2',
      idp: ENTRA_V1.entry.issuer,
      oid: BOT,
      rh: '0.AXwADi88Xw1vQ0yaUh56Wx2MEYqOXA0rHX5LjTp8Hwqbbh4BAAA.',
      roles: ['audit:read'],
      sub: BOT,
      tid: TENANT,
      uti: 'sOQ7d5jOoUyNRVLxbbrnAA',
      ver: '1.0',
    },
    caller: {
      subject: BOT,
      clientId: CLIENT_APP,
      kind: 'app',
      groups: [],
      scopes: ['audit:read'],
      tokenId: 'sOQ7d5jOoUyNRVLxbbrnAA',
    },
    withoutScope: { roles: ['Mail.Read'] },
    foreign: {},
  },
  {
    ...OKTA,
    title: 'Okta, a user',
    claims: {
      ver: 1,
      jti: 'AT.MNAoEQ-jbKqoinrQo1D0XKjMX28U5d7ZszBceot7-Ts',
      iss: OKTA.entry.issuer,
      aud: API,
      ...lasting(3600),
      cid: '0oa1b2c3d4E5f6G7h8i9',
      uid: '00u1a2b3c4D5e6F7g8h9',
      scp: ['openid', 'invites:write'],
      auth_time: NOW_S - 90,
      sub: 'ann@acme.com',
      groups: ['Everyone', 'it-admins'],
    },
    caller: {
      subject: '00u1a2b3c4D5e6F7g8h9',
      clientId: '0oa1b2c3d4E5f6G7h8i9',
      kind: 'user',
      groups: ['Everyone', 'it-admins'],
      scopes: ['invites:write'],
      tokenId: 'AT.MNAoEQ-jbKqoinrQo1D0XKjMX28U5d7ZszBceot7-Ts',
    },
    withoutScope: { scp: ['openid'] },
    foreign: {
      'an ID token': {
        claims: { aud: API, jti: 'ID.radCQMOQUmyvcTBmmIL0', cid: none, scp: none, uid: none, amr: ['pwd'] },
        reason: 'claim_missing',
      },
    },
  },
  {
    ...OKTA,
    title: 'Okta, an app',
    claims: {
      ver: 1,
      jti: 'AT.A8gGgpvPsTCbaAsbPrFRdmxTD2UlXdhaIpCVgM6w',
      iss: OKTA.entry.issuer,
      aud: API,
      ...lasting(3600),
      cid: '0oabbbbbbbbbbbbbbbbb',
      scp: ['invites:write'],
      sub: '0oabbbbbbbbbbbbbbbbb',
    },
    caller: {
      subject: '0oabbbbbbbbbbbbbbbbb',
      clientId: '0oabbbbbbbbbbbbbbbbb',
      kind: 'app',
      groups: [],
      scopes: ['invites:write'],
      tokenId: 'AT.A8gGgpvPsTCbaAsbPrFRdmxTD2UlXdhaIpCVgM6w',
    },
    withoutScope: { scp: [] },
    foreign: {},
  },
  {
    ...AUTH0,
    title: 'Auth0, a user',
    claims: {
      iss: AUTH0.entry.issuer,
      sub: 'auth0|6553da60a54af58e29493993',
      aud: [API, 'https://acme.eu.auth0.com/userinfo'],
      ...lasting(86_400),
      scope: 'openid profile',
      azp: 'K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja',
      permissions: ['invites:write'],
    },
    caller: {
      subject: 'auth0|6553da60a54af58e29493993',
      clientId: 'K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja',
      kind: 'user',
      groups: [],
      scopes: ['invites:write'],
      tokenId: null,
    },
    // A permission that was not assigned is not granted because it was requested.
    withoutScope: { permissions: [], scope: 'openid invites:write' },
    foreign: {
      'an ID token': {
        claims: { aud: API, azp: none, scope: none, permissions: none, nonce: 'n', sid: 's' },
        reason: 'claim_missing',
      },
    },
  },
  {
    ...AUTH0,
    title: 'Auth0, an app',
    claims: {
      iss: AUTH0.entry.issuer,
      sub: 'awZfdIir8YFdGZWkvCejDoUb7SjTDicx@clients',
      aud: API,
      ...lasting(86_400),
      scope: 'invites:write',
      gty: 'client-credentials',
      azp: 'awZfdIir8YFdGZWkvCejDoUb7SjTDicx',
    },
    caller: {
      subject: 'awZfdIir8YFdGZWkvCejDoUb7SjTDicx@clients',
      clientId: 'awZfdIir8YFdGZWkvCejDoUb7SjTDicx',
      kind: 'app',
      groups: [],
      scopes: ['invites:write'],
      tokenId: null,
    },
    withoutScope: { scope: none },
    foreign: {},
  },
  {
    ...AUTH0,
    title: 'Auth0, an app, RFC 9068 profile',
    header: { ...AUTH0.header, typ: 'at+jwt' },
    claims: {
      iss: AUTH0.entry.issuer,
      sub: 'awZfdIir8YFdGZWkvCejDoUb7SjTDicx@clients',
      aud: API,
      ...lasting(86_400),
      scope: 'audit:read',
      client_id: 'awZfdIir8YFdGZWkvCejDoUb7SjTDicx',
      jti: '73WakrfVbNJBaAmhQtEeDv',
    },
    caller: {
      subject: 'awZfdIir8YFdGZWkvCejDoUb7SjTDicx@clients',
      clientId: 'awZfdIir8YFdGZWkvCejDoUb7SjTDicx',
      kind: 'app',
      groups: [],
      scopes: ['audit:read'],
      tokenId: '73WakrfVbNJBaAmhQtEeDv',
    },
    withoutScope: { scope: 'read:patients' },
    foreign: {},
  },
  {
    ...KEYCLOAK,
    title: 'Keycloak, a user',
    claims: {
      ...lasting(300),
      auth_time: NOW_S - 90,
      jti: 'onrtac:312ee6b1-2f6c-4f0e-9a8b-7c6d5e4f3a2b',
      iss: KEYCLOAK.entry.issuer,
      aud: ['galileo-invites', 'account'],
      sub: 'd952cf23-bf92-4c8f-a3ff-4972b4f2bc5b',
      typ: 'Bearer',
      azp: 'hr-portal',
      sid: '0f1e2d3c-4b5a-4968-8776-655443322110',
      acr: '1',
      'allowed-origins': ['https://hr.acme.com'],
      realm_access: { roles: ['offline_access', 'default-roles-corp', 'uma_authorization'] },
      resource_access: { account: { roles: ['manage-account', 'view-profile'] } },
      scope: 'openid profile email invites:write',
      email_verified: true,
      name: 'Ann Example',
      preferred_username: 'ann',
      given_name: 'Ann',
      family_name: 'Example',
      email: 'ann@acme.com',
      groups: ['it-admins'],
    },
    caller: {
      subject: 'd952cf23-bf92-4c8f-a3ff-4972b4f2bc5b',
      clientId: 'hr-portal',
      kind: 'user',
      groups: ['it-admins'],
      scopes: ['invites:write'],
      tokenId: 'onrtac:312ee6b1-2f6c-4f0e-9a8b-7c6d5e4f3a2b',
    },
    withoutScope: { scope: 'openid profile email' },
    foreign: {
      'an ID token': { claims: { typ: 'ID', aud: 'galileo-invites', scope: none }, reason: 'claim_mismatch' },
      'a token bound to a key': { claims: { typ: 'DPoP', cnf: { jkt: 'x' } }, reason: 'claim_mismatch' },
      'a token of no audience but Keycloak itself': { claims: { aud: 'account' }, reason: 'audience_mismatch' },
    },
  },
  {
    ...KEYCLOAK,
    title: 'Keycloak, a service account',
    claims: {
      ...lasting(300),
      jti: 'trrtcc:7c6d5e4f-2f6c-4f0e-9a8b-312ee6b13a2b',
      iss: KEYCLOAK.entry.issuer,
      aud: ['galileo-invites', 'account'],
      sub: '98cff1de-0c29-4ba5-a6b2-3c8bbd4acd0e',
      typ: 'Bearer',
      azp: 'HR-Batch',
      acr: '1',
      realm_access: { roles: ['offline_access', 'default-roles-corp', 'uma_authorization'] },
      resource_access: { account: { roles: ['manage-account', 'view-profile'] } },
      scope: 'profile email invites:write',
      clientHost: '192.0.2.7',
      email_verified: false,
      preferred_username: 'service-account-hr-batch',
      clientAddress: '192.0.2.7',
      client_id: 'HR-Batch',
    },
    caller: {
      subject: '98cff1de-0c29-4ba5-a6b2-3c8bbd4acd0e',
      clientId: 'HR-Batch',
      kind: 'app',
      groups: [],
      scopes: ['invites:write'],
      tokenId: 'trrtcc:7c6d5e4f-2f6c-4f0e-9a8b-312ee6b13a2b',
    },
    withoutScope: { scope: 'profile email' },
    foreign: {},
  },
  {
    ...COGNITO,
    title: 'Cognito, a user',
    claims: {
      sub: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
      'cognito:groups': ['it-admins'],
      iss: COGNITO.entry.issuer,
      version: 2,
      client_id: '1example23456789',
      origin_jti: 'aaaaaaaa-bbbb-4ccc-8ddd-ffffffffffff',
      event_id: '64f513be-32db-42b0-b78e-b02127b4f463',
      token_use: 'access',
      scope: 'openid galileo-invites/invites:write',
      auth_time: NOW_S - 60,
      ...lasting(3600),
      jti: 'aaaaaaaa-bbbb-4ccc-8ddd-aaaaaaaaaaaa',
      username: 'ann',
    },
    caller: {
      subject: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
      clientId: '1example23456789',
      kind: 'user',
      groups: ['it-admins'],
      scopes: ['invites:write'],
      tokenId: 'aaaaaaaa-bbbb-4ccc-8ddd-aaaaaaaaaaaa',
    },
    withoutScope: { scope: 'aws.cognito.signin.user.admin' },
    foreign: {
      'an ID token': {
        claims: { token_use: 'id', aud: '1example23456789', client_id: none, scope: none },
        reason: 'claim_missing',
      },
      'an ID token with a client id added by a trigger': { claims: { token_use: 'id' }, reason: 'claim_mismatch' },
    },
  },
  {
    ...COGNITO,
    title: 'Cognito, an app',
    claims: {
      sub: '2example23456789',
      token_use: 'access',
      scope: 'galileo-invites/audit:read',
      auth_time: NOW_S - 60,
      iss: COGNITO.entry.issuer,
      ...lasting(3600),
      version: 2,
      jti: 'bbbbbbbb-bbbb-4ccc-8ddd-aaaaaaaaaaaa',
      client_id: '2example23456789',
    },
    caller: {
      subject: '2example23456789',
      clientId: '2example23456789',
      kind: 'app',
      groups: [],
      scopes: ['audit:read'],
      tokenId: 'bbbbbbbb-bbbb-4ccc-8ddd-aaaaaaaaaaaa',
    },
    withoutScope: { scope: 'another-api/read' },
    foreign: {},
  },
  {
    ...GOOGLE,
    title: 'Google, a service account',
    claims: {
      aud: API,
      azp: '112010400000000710080',
      email: GOOGLE_BOT,
      email_verified: true,
      ...lasting(3600),
      iss: 'https://accounts.google.com',
      sub: '112010400000000710080',
    },
    caller: {
      subject: '112010400000000710080',
      clientId: GOOGLE_BOT,
      kind: 'app',
      groups: [],
      scopes: ['invites:write'],
      tokenId: null,
    },
    // A stranger's service account requests this service's audience and gets it.
    withoutScope: { email: 'mallory@elsewhere.iam.gserviceaccount.com', sub: '999', azp: '999' },
    foreign: {
      'the ID token of a person': {
        claims: { email: 'ann@acme.com', hd: 'acme.com', at_hash: 'HK6E_P6Dh8Y93mRNtsDB1Q' },
        reason: 'claim_mismatch',
      },
      'a token without the address': { claims: { email: none, email_verified: none }, reason: 'claim_mismatch' },
      'a token whose address is not verified': { claims: { email_verified: false }, reason: 'claim_mismatch' },
    },
  },
  {
    ...ACCESS,
    title: 'Cloudflare Access, a user',
    claims: {
      aud: [AUD_TAG],
      email: 'ann@acme.com',
      ...lasting(86_400),
      nbf: NOW_S - 60,
      iss: ACCESS.entry.issuer,
      type: 'app',
      identity_nonce: '6ei69kawdKzMIAPF',
      sub: '7335d417-61da-459d-899c-0a01c76a2f94',
      custom: { groups: ['it-admins'] },
      country: 'US',
    },
    caller: {
      subject: '7335d417-61da-459d-899c-0a01c76a2f94',
      clientId: AUD_TAG,
      kind: 'user',
      groups: ['it-admins'],
      scopes: ['invites:write'],
      tokenId: null,
    },
    withoutScope: { email: 'bo@acme.com' },
    foreign: { 'a global session token': { claims: { type: 'org' }, reason: 'claim_mismatch' } },
  },
  {
    ...ACCESS,
    title: 'Cloudflare Access, a service token',
    claims: {
      type: 'app',
      aud: [AUD_TAG],
      ...lasting(86_400),
      iss: ACCESS.entry.issuer,
      common_name: SERVICE_TOKEN,
      sub: '',
    },
    caller: {
      subject: SERVICE_TOKEN,
      clientId: SERVICE_TOKEN,
      kind: 'app',
      groups: [],
      scopes: ['invites:write'],
      tokenId: null,
    },
    withoutScope: { common_name: 'ffffffffffffffffffffffffffffffff.access' },
    foreign: { 'a token that names nobody': { claims: { common_name: none }, reason: 'claim_malformed' } },
  },
  ...TOKENS_BY_OVERRIDES,
];
