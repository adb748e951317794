import { describe, expect, it } from 'vitest';

import { issuerProfile } from '../../../src/auth/issuer-profile.ts';
import { PRESET_NAMES } from '../../../src/auth/presets.ts';
import { NOW_S } from '../../support/tokens.ts';
import { judgeRecorded, principalOf, recorded, verdictOn } from './judge-recorded.ts';
import type { Fields } from './judge-recorded.ts';
import { RECORDED_TOKENS } from './recorded-tokens.ts';

describe.each(RECORDED_TOKENS.map((token) => [token.title, token] as const))('the token of %s', (_title, token) => {
  const { audienceClaim, tokenTypeRequired, maxLifetimeS, fixedClaims } = issuerProfile({
    name: 'corp',
    ...token.entry,
  });

  it('is accepted and tells who is calling', async () => {
    expect(await judgeRecorded(token, {})).toEqual({
      kind: 'verified',
      principal: { ...token.caller, issuer: 'corp', issuerUrl: token.entry.issuer, expiresAt: token.claims['exp'] },
    });
  });

  it('is refused for another audience', async () => {
    expect(await verdictOn(token, { claims: { [audienceClaim]: 'payroll' } })).toBe('audience_mismatch');
  });

  it('is refused from another issuer', async () => {
    const iss = String(token.claims['iss']);
    expect(await verdictOn(token, { claims: { iss: `${iss}x` } })).toBe('issuer_unknown');
    expect(await verdictOn(token, { claims: { iss: iss.toUpperCase() } })).toBe('issuer_unknown');
  });

  it('is refused as another type of token', async () => {
    expect(await verdictOn(token, { header: { typ: token.wrongType } })).toBe('token_type_not_allowed');
    const untyped = await verdictOn(token, { header: { typ: undefined } });
    expect(untyped).toBe(tokenTypeRequired ? 'token_type_not_allowed' : 'verified');
  });

  it('has no scope of ours when it has none of theirs', async () => {
    expect(await principalOf(token, token.withoutScope)).toMatchObject({ scopes: [] });
  });

  it('is refused when it lives longer than such tokens do', async () => {
    const iat = Number(token.claims['iat']);
    expect(await verdictOn(token, { claims: { exp: iat + maxLifetimeS } })).toBe('verified');
    expect(await verdictOn(token, { claims: { exp: iat + maxLifetimeS + 1 } })).toBe('lifetime_too_long');
  });

  it('is refused with a header field that brings a key or changes the reading, and with no other', async () => {
    const refused = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc'];
    const ignored = ['x5t', 'x5t#S256', 'cty', 'nonce', 'pi.atm'];
    const verdicts = await Promise.all(
      [...refused, ...ignored].map((field) => verdictOn(token, { header: { [field]: 'x' } })),
    );
    expect(verdicts).toEqual([...refused.map(() => 'header_field_not_allowed'), ...ignored.map(() => 'verified')]);
  });

  it('is refused when a claim that marks such tokens is missing or says something else', async () => {
    const marks = Object.keys(fixedClaims).flatMap((claim) => [{ [claim]: undefined }, { [claim]: 'x' }]);
    const verdicts = await Promise.all(marks.map((claims) => verdictOn(token, { claims })));
    for (const reason of verdicts) expect(reason).toMatch(/^claim_(?:missing|mismatch)$/);
  });

  it.each(Object.entries(token.foreign))(
    'is not to be mistaken for %s',
    async (_kind, { header = {}, claims, reason }) => {
      expect(await verdictOn(token, { header, claims })).toBe(reason);
    },
  );
});

describe('every preset', () => {
  it('has a recorded token', () => {
    expect([...new Set(RECORDED_TOKENS.map(({ preset }) => preset))]).toEqual(PRESET_NAMES);
  });
});

describe('a person who poses as an app stays a user', () => {
  it.each<[string, string, Fields]>([
    ['with the login of a client id at Okta', 'Okta, a user', { sub: '0oa1b2c3d4E5f6G7h8i9' }],
    [
      'registered under the name of a service account at Keycloak',
      'Keycloak, a user',
      { preferred_username: 'service-account-hr-portal' },
    ],
    ['of a client that adds its id at Keycloak', 'Keycloak, a user', { client_id: 'hr-portal' }],
    [
      'with a name like that of another client’s service account',
      'Keycloak, a user',
      { preferred_username: 'service-account-hr-batch', client_id: 'hr-portal' },
    ],
    ['without roles or groups in Entra ID', 'Entra ID v2.0, a user', { roles: undefined, groups: undefined }],
    ['where Entra ID says so, whatever is missing', 'Entra ID v2.0, an app', { idtyp: 'user' }],
    ['with the subject of a client at Auth0, got by another grant', 'Auth0, an app', { gty: 'password' }],
    ['with the ending of clients at Auth0', 'Auth0, a user', { sub: 'other@clients' }],
    ['with the subject of a client at Cognito, and a user name', 'Cognito, an app', { username: 'ann' }],
    [
      'with a certificate’s common name behind Cloudflare Access',
      'Cloudflare Access, a user',
      { common_name: 'x.access' },
    ],
  ])('%s', async (_how, title, claims) => {
    expect(await principalOf(recorded(title), claims)).toMatchObject({ kind: 'user' });
  });
});

describe('an Entra ID app', () => {
  it('is told by the lack of delegated scopes where the tenant does not add idtyp', async () => {
    expect(await principalOf(recorded('Entra ID v2.0, an app'), { idtyp: undefined })).toMatchObject({ kind: 'app' });
  });
});

describe('a Google service account', () => {
  const bot = recorded('Google, a service account');

  it('is the same caller whether azp is its number or its address', async () => {
    const byKey = await principalOf(bot, { azp: bot.claims['email'] });
    expect(byKey).toEqual(await principalOf(bot, {}));
  });

  it('gets scopes by its whole address alone', async () => {
    const scope_map = { 'bot@acme-prod.iam.gserviceaccount.com': 'audit:read' as const };
    expect(await principalOf(bot, {}, { scope_map })).toMatchObject({ scopes: [] });
    expect(await principalOf(bot, { scope: 'invites:write audit:read' })).toMatchObject({ scopes: ['invites:write'] });
  });
});

describe('a caller behind Cloudflare Access', () => {
  const ann = recorded('Cloudflare Access, a user');

  it('gets the scopes that are granted to all, and what the map gives to the address', async () => {
    const entry = { grant_scopes: ['invites:write' as const], scope_map: { 'audit@acme.com': 'audit:read' as const } };
    expect(await principalOf(ann, {}, entry)).toMatchObject({ scopes: ['invites:write'] });
    expect(await principalOf(ann, { email: 'audit@acme.com' }, entry)).toMatchObject({
      scopes: ['invites:write', 'audit:read'],
    });
  });

  it('is not given scopes that stand in the name itself', async () => {
    const claims = { email: '"x audit:read y"@acme.com', common_name: 'audit:read', scope: 'audit:read' };
    expect(await principalOf(ann, claims)).toMatchObject({ scopes: [] });
  });

  it('is known by keys from where Access publishes them, without any metadata', async () => {
    expect(issuerProfile({ name: 'corp', ...ann.entry }).jwksUri).toBe(
      'https://acme.cloudflareaccess.com/cdn-cgi/access/certs',
    );
    const elsewhere = issuerProfile({ name: 'corp', ...ann.entry, jwks_uri: 'https://keys.acme.com/access' });
    expect(elsewhere.jwksUri).toBe('https://keys.acme.com/access');
  });
});

describe('a token that is not of now', () => {
  it.each(RECORDED_TOKENS.map((token) => [token.title, token] as const))('of %s is refused', async (_title, token) => {
    expect(await verdictOn(token, { claims: { iat: NOW_S - 600, nbf: undefined, exp: NOW_S - 30 } })).toBe('expired');
  });
});
