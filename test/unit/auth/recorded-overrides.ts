import { NOW_S } from '../../support/tokens.ts';
import type { RecordedToken } from './recorded-tokens.ts';

/**
 * Access tokens of providers that have no preset of their own, in the form of recorded-tokens.ts. Each entry uses the
 * preset of RFC 9068 or of another provider, with parts overridden; docs/identity-providers.md has the same entries.
 */
const API = 'https://invites.acme.com';
const API_APP = '0d5c8e8a-1d2b-4b7e-8d3a-7c1f0a9b6e21';
const CLIENT_APP = '7be4e1d2-3c58-4c2f-bb0e-0a4c5d6e7f80';
const TENANT = '5f3c2f0e-6f0d-4c43-9a52-1e7a5b1d8c11';
const ANN = 'a1f6c7d8-90ab-4cde-8f01-23456789abcd';
const ANN_SID = 'S-1-5-21-397955417-626881126-188441444-1010';

const lasting = (seconds: number) => ({ iat: NOW_S - 60, exp: NOW_S - 60 + seconds });
const none = undefined;

export const TOKENS_BY_OVERRIDES: readonly RecordedToken[] = [
  {
    title: 'AD FS, a user',
    preset: 'entra-v1',
    entry: {
      issuer: 'http://adfs.acme.com/adfs/services/trust',
      jwks_uri: 'https://adfs.acme.com/adfs/discovery/keys',
      audience: `microsoft:identityserver:${API}`,
      preset: 'entra-v1',
      claims: { subject: 'primarysid', groups: 'group' },
    },
    header: { typ: 'JWT', alg: 'RS256', x5t: 'GL2PGZgx-9uIy-aL-kLZxKCqGvg', kid: 'GL2PGZgx-9uIy-aL-kLZxKCqGvg' },
    claims: {
      aud: `microsoft:identityserver:${API}`,
      iss: 'http://adfs.acme.com/adfs/services/trust',
      ...lasting(3600),
      group: ['it-admins', 'Domain Users'],
      primarysid: ANN_SID,
      upn: 'ann@acme.com',
      apptype: 'Public',
      appid: CLIENT_APP,
      authmethod: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
      auth_time: '2026-03-02T09:58:00.000Z',
      ver: '1.0',
      scp: 'openid invites:write',
    },
    caller: {
      subject: ANN_SID,
      clientId: CLIENT_APP,
      kind: 'user',
      groups: ['it-admins', 'Domain Users'],
      scopes: ['invites:write'],
      tokenId: null,
    },
    withoutScope: { scp: 'openid' },
    wrongType: 'at+jwt',
    foreign: {
      'an ID token': {
        claims: { iss: 'https://adfs.acme.com/adfs', aud: CLIENT_APP, appid: none, scp: none, nonce: '12345' },
        reason: 'issuer_unknown',
      },
      'a token whose claim rule for the subject is missing': { claims: { primarysid: none }, reason: 'claim_missing' },
    },
  },
  {
    title: 'Azure AD B2C, a user',
    preset: 'entra-v1',
    entry: {
      issuer: `https://acme.b2clogin.com/${TENANT}/v2.0/`,
      jwks_uri: 'https://acme.b2clogin.com/acme.onmicrosoft.com/B2C_1_signin/discovery/v2.0/keys',
      audience: API_APP,
      preset: 'entra-v1',
      claims: { client_id: 'azp', subject: 'sub', require: { tfp: 'B2C_1_signin' } },
    },
    header: { alg: 'RS256', kid: 'X5eXk4xyojNFum1kl2Ytv8dlNP4-c57dO6QGTVBwaNk', typ: 'JWT' },
    claims: {
      iss: `https://acme.b2clogin.com/${TENANT}/v2.0/`,
      ...lasting(3600),
      nbf: NOW_S - 60,
      aud: API_APP,
      oid: ANN,
      sub: ANN,
      name: 'Ann Example',
      emails: ['ann@acme.com'],
      tfp: 'B2C_1_signin',
      scp: 'invites:write',
      azp: CLIENT_APP,
      ver: '1.0',
    },
    caller: {
      subject: ANN,
      clientId: CLIENT_APP,
      kind: 'user',
      groups: [],
      scopes: ['invites:write'],
      tokenId: null,
    },
    withoutScope: { scp: 'read' },
    wrongType: 'at+jwt',
    foreign: {
      'an ID token': { claims: { azp: none, scp: none, nonce: '12345' }, reason: 'claim_missing' },
      'a token of another user flow': { claims: { tfp: 'B2C_1_signup' }, reason: 'claim_mismatch' },
    },
  },
  {
    title: 'PingFederate, a user',
    preset: 'rfc9068',
    entry: { issuer: 'https://sso.acme.com', jwks_uri: 'https://sso.acme.com/pf/JWKS', audience: API },
    header: { alg: 'RS256', kid: 'ejOM-MOWkc272nB1UwDyUGPasY4_RS256', 'pi.atm': '8dzf', typ: 'at+jwt' },
    claims: {
      scope: 'openid invites:write',
      authorization_details: [],
      client_id: 'hr-portal',
      iss: 'https://sso.acme.com',
      aud: API,
      ...lasting(7200),
      jti: 'kx1LDyh2TBkV4tbPlZTzqP',
      sub: 'ann',
      groups: ['it-admins'],
    },
    caller: {
      subject: 'ann',
      clientId: 'hr-portal',
      kind: 'user',
      groups: ['it-admins'],
      scopes: ['invites:write'],
      tokenId: 'kx1LDyh2TBkV4tbPlZTzqP',
    },
    withoutScope: { scope: 'openid' },
    wrongType: 'JWT',
    foreign: {
      'an ID token': {
        header: { typ: none, 'pi.atm': none, 'pi.sri': 'x' },
        claims: { aud: 'hr-portal', client_id: none, scope: none },
        reason: 'token_type_not_allowed',
      },
    },
  },
  {
    title: 'WSO2 Identity Server, a user',
    preset: 'rfc9068',
    entry: {
      issuer: 'https://is.acme.com:9443/oauth2/token',
      jwks_uri: 'https://is.acme.com:9443/oauth2/jwks',
      audience: API,
    },
    header: {
      x5t: 'NTAxZmMxNDMyZDg3MTU1ZGM0MzEzODJhZWI4NDNlZDU1OGFkNjFiMQ',
      kid: 'NTAxZmMxNDMyZDg3MTU1ZGM0MzEzODJhZWI4NDNlZDU1OGFkNjFiMQ_RS256',
      typ: 'at+jwt',
      alg: 'RS256',
    },
    claims: {
      sub: ANN,
      aut: 'APPLICATION_USER',
      binding_type: 'sso-session',
      iss: 'https://is.acme.com:9443/oauth2/token',
      client_id: 'Hr8ckPortal2bq1VTm3f',
      aud: ['Hr8ckPortal2bq1VTm3f', API],
      nbf: NOW_S - 60,
      azp: 'Hr8ckPortal2bq1VTm3f',
      org_id: '10084a8d-113f-4211-a0d5-efe36b082211',
      scope: 'invites:write openid',
      ...lasting(3600),
      org_name: 'Super',
      jti: '1bb8ae2e-6a86-4c0c-b0f5-5a2d0c1f3b0e',
      groups: ['it-admins', 'everyone'],
    },
    caller: {
      subject: ANN,
      clientId: 'Hr8ckPortal2bq1VTm3f',
      kind: 'user',
      groups: ['it-admins', 'everyone'],
      scopes: ['invites:write'],
      tokenId: '1bb8ae2e-6a86-4c0c-b0f5-5a2d0c1f3b0e',
    },
    withoutScope: { scope: 'openid' },
    wrongType: 'JWT',
    foreign: {
      'an ID token': {
        header: { typ: 'JWT' },
        claims: { aud: ['Hr8ckPortal2bq1VTm3f'], client_id: none, at_hash: 'x' },
        reason: 'token_type_not_allowed',
      },
    },
  },
  {
    title: 'Ory Hydra, a user',
    preset: 'rfc9068',
    entry: {
      issuer: 'https://hydra.acme.com/',
      audience: API,
      token_types: ['JWT'],
      claims: { scopes: 'scp' },
    },
    header: { alg: 'RS256', kid: '0e8a9d5a-3d0f-4c2e-9a4b-7d6f1c2b3a4d', typ: 'JWT' },
    claims: {
      aud: [API],
      client_id: 'a3b1c2d4-hr-portal',
      ...lasting(3600),
      ext: {},
      iss: 'https://hydra.acme.com/',
      jti: 'c3a9a3f0-5e2d-4c0e-8f7b-1d2c3b4a5f60',
      nbf: NOW_S - 60,
      scp: ['openid', 'invites:write'],
      sub: ANN,
    },
    caller: {
      subject: ANN,
      clientId: 'a3b1c2d4-hr-portal',
      kind: 'user',
      groups: [],
      scopes: ['invites:write'],
      tokenId: 'c3a9a3f0-5e2d-4c0e-8f7b-1d2c3b4a5f60',
    },
    withoutScope: { scp: ['openid'] },
    wrongType: 'at+jwt',
    foreign: {
      'an ID token': {
        claims: { aud: ['a3b1c2d4-hr-portal'], client_id: none, scp: none, at_hash: 'x', sid: 'y' },
        reason: 'audience_mismatch',
      },
      'an ID token of a client that is named like the service': {
        claims: { client_id: none, scp: none, at_hash: 'x' },
        reason: 'claim_missing',
      },
    },
  },
  {
    title: 'GitLab CI, a job',
    preset: 'rfc9068',
    entry: {
      issuer: 'https://gitlab.com',
      audience: API,
      token_types: ['JWT'],
      claims: { client_id: 'project_path', scopes: 'project_path', require: { ref_protected: 'true' } },
      scope_map: { 'acme/invites-bot': 'invites:write' },
    },
    header: { kid: '4i3sFE7sxqNPOT7FdvcGA1ZVGGI_r-tsDXnEuYT4ZqE', typ: 'JWT', alg: 'RS256' },
    claims: {
      namespace_id: '72',
      namespace_path: 'acme',
      project_id: '20',
      project_path: 'acme/invites-bot',
      user_id: '1',
      user_login: 'ann',
      user_email: 'ann@acme.com',
      pipeline_id: '574',
      pipeline_source: 'schedule',
      job_id: '302',
      ref: 'main',
      ref_type: 'branch',
      ref_path: 'refs/heads/main',
      ref_protected: 'true',
      runner_id: 1,
      runner_environment: 'gitlab-hosted',
      sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
      jti: '235b3a54-b797-45c7-ae9a-f72d7bc6ef5b',
      iss: 'https://gitlab.com',
      ...lasting(3600),
      nbf: NOW_S - 65,
      sub: 'project_path:acme/invites-bot:ref_type:branch:ref:main',
      aud: API,
    },
    caller: {
      subject: 'project_path:acme/invites-bot:ref_type:branch:ref:main',
      clientId: 'acme/invites-bot',
      kind: 'user',
      groups: [],
      scopes: ['invites:write'],
      tokenId: '235b3a54-b797-45c7-ae9a-f72d7bc6ef5b',
    },
    // A stranger's project requests this service's audience and gets it.
    withoutScope: { project_path: 'mallory/x', sub: 'project_path:mallory/x:ref_type:branch:ref:main' },
    wrongType: 'at+jwt',
    foreign: {
      'a job of a branch that anyone may push to': { claims: { ref_protected: 'false' }, reason: 'claim_mismatch' },
    },
  },
];
