import { describe, expect, it } from 'vitest';

import { arrivalFault, readCredentials } from '../../../../src/auth/token/credentials.ts';
import type { TokenField } from '../../../../src/auth/token/credentials.ts';
import { issuerProfile } from '../../../../src/auth/issuer-profile.ts';
import { createFakeClock } from '../../../support/clock.ts';
import { document, NOW_S, rs256Signer, testDocuments, testVerifier } from '../../../support/tokens.ts';

const ACCESS_FIELD = 'Cf-Access-Jwt-Assertion';
const ORIGIN = 'https://hr.acme.com';
const BOTH: ReadonlySet<TokenField> = new Set(['Authorization', ACCESS_FIELD]);
const ONLY_BEARER: ReadonlySet<TokenField> = new Set(['Authorization']);

const read = (fields: Readonly<Record<string, string>>, expected = BOTH) =>
  readCredentials((name) => fields[name], expected);

describe('the credentials of a request', () => {
  it('are the bearer token, and where the page comes from', () => {
    expect(read({ Authorization: 'Bearer a.b.c', Origin: ORIGIN })).toEqual({
      kind: 'token',
      token: 'a.b.c',
      arrival: { field: 'Authorization', origin: ORIGIN, isSameOrigin: false },
    });
  });

  it('are what Cloudflare Access added, where an issuer uses that', () => {
    expect(read({ [ACCESS_FIELD]: 'a.b.c' })).toEqual({
      kind: 'token',
      token: 'a.b.c',
      arrival: { field: ACCESS_FIELD, origin: null, isSameOrigin: false },
    });
  });

  it('are not looked for in a field that no issuer uses', () => {
    expect(read({ [ACCESS_FIELD]: 'a.b.c' }, ONLY_BEARER)).toEqual({ kind: 'missing' });
    expect(read({ [ACCESS_FIELD]: 'a.b.c', Authorization: 'Bearer d.e.f' }, ONLY_BEARER)).toMatchObject({
      kind: 'token',
      token: 'd.e.f',
    });
  });

  it.each(['Bearer d.e.f', 'bearer d.e.f', 'Bearer', 'Bearer d.e.f, Bearer g.h.i'])(
    'are two tokens when %j comes beside that of Access',
    (value) => {
      expect(read({ [ACCESS_FIELD]: 'a.b.c', Authorization: value })).toEqual({ kind: 'two_tokens' });
      expect(read({ [ACCESS_FIELD]: '', Authorization: value })).toEqual({ kind: 'two_tokens' });
    },
  );

  it('without a scheme are no token, beside the token of Access too', () => {
    expect(read({ Authorization: 'd.e.f' })).toEqual({ kind: 'without_scheme' });
    expect(read({ Authorization: 'JWT d.e.f', [ACCESS_FIELD]: 'a.b.c' })).toMatchObject({ token: 'a.b.c' });
  });

  it('of another scheme are none, beside the token of Access too', () => {
    expect(read({ Authorization: 'Basic dXNlcjpwYXNz' })).toEqual({ kind: 'missing' });
    expect(read({ Authorization: 'Basic dXNlcjpwYXNz', [ACCESS_FIELD]: 'a.b.c' })).toMatchObject({ token: 'a.b.c' });
  });
});

describe('the way a token came', () => {
  const bearer = { tokenField: 'Authorization' } as const;
  const access = { tokenField: ACCESS_FIELD } as const;

  it.each([
    [{ field: 'Authorization', origin: null }, bearer, null],
    [{ field: 'Authorization', origin: 'https://evil.example' }, bearer, null],
    [{ field: ACCESS_FIELD, origin: ORIGIN }, bearer, 'token_field_not_allowed'],
    [{ field: 'Authorization', origin: ORIGIN }, access, 'token_field_not_allowed'],
    [{ field: ACCESS_FIELD, origin: ORIGIN }, access, null],
    [{ field: ACCESS_FIELD, origin: null }, access, 'origin_not_allowed'],
    [{ field: ACCESS_FIELD, origin: 'null' }, access, 'origin_not_allowed'],
    [{ field: ACCESS_FIELD, origin: '' }, access, 'origin_not_allowed'],
    [{ field: ACCESS_FIELD, origin: `${ORIGIN}.evil.example` }, access, 'origin_not_allowed'],
    [{ field: ACCESS_FIELD, origin: ORIGIN.toUpperCase() }, access, 'origin_not_allowed'],
  ] as const)('%j for %j is judged %s', (arrival, profile, fault) => {
    expect(arrivalFault({ ...arrival, isSameOrigin: false }, profile, { corsOrigins: [ORIGIN], pages: true })).toBe(
      fault,
    );
  });

  it('is fine for a page of the service itself, whose browser says so, and only there', () => {
    const from = (value: string, pages = true) => {
      const found = read({ [ACCESS_FIELD]: 'a.b.c', 'Sec-Fetch-Site': value });
      return found.kind === 'token' ? arrivalFault(found.arrival, access, { corsOrigins: [], pages }) : found.kind;
    };
    expect(from('same-origin', false)).toBe('origin_not_allowed');
    expect(from('same-origin')).toBeNull();
    for (const other of ['same-site', 'cross-site', 'none', '', 'Same-Origin', 'same-origin, same-origin'])
      expect([other, from(other)]).toEqual([other, 'origin_not_allowed']);
  });
});

describe('a verifier with Cloudflare Access among its issuers', async () => {
  const signer = await rs256Signer();
  const AUD = '32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228';
  const corp = {
    name: 'corp',
    issuer: 'https://login.acme.com',
    audience: AUD,
    jwks_uri: 'https://login.acme.com/jwks',
  };
  const access = {
    name: 'access',
    issuer: 'https://acme.cloudflareaccess.com',
    audience: AUD,
    preset: 'cloudflare-access',
    grant_scopes: ['invites:write' as const],
  } as const;
  const ofAccess = await signer.sign(
    JSON.stringify({ alg: 'RS256', typ: 'JWT', kid: 'key-1' }),
    JSON.stringify({ iss: access.issuer, aud: [AUD], sub: 'user-7', type: 'app', iat: NOW_S, exp: NOW_S + 600 }),
  );
  const setUp = () => {
    const documents = testDocuments(() => document(JSON.stringify({ keys: [signer.jwk] })));
    const issuers = [corp, { ...access, grant_scopes: [...access.grant_scopes] }];
    const verifier = testVerifier({ ...documents, clock: createFakeClock(), issuers, corsOrigins: [ORIGIN] });
    return { verifier, documents };
  };
  const homely = { field: ACCESS_FIELD, origin: ORIGIN, isSameOrigin: false } as const;

  it('says in which fields its tokens come', () => {
    expect([...setUp().verifier.fields]).toEqual(['Authorization', ACCESS_FIELD]);
  });

  it('judges the way anew for a token that it remembers', async () => {
    const { verifier } = setUp();
    const judge = async (arrival?: Parameters<typeof verifier.verify>[1]) => {
      const result = await verifier.verify(ofAccess, arrival);
      return result.kind === 'refused' ? result.failure : result.kind;
    };
    expect(await judge(homely)).toBe('verified');
    expect(await judge({ ...homely, origin: null })).toEqual({ reason: 'origin_not_allowed', issuer: 'access' });
    expect(await judge({ ...homely, origin: 'https://evil.example' })).toMatchObject({ reason: 'origin_not_allowed' });
    expect(await judge()).toEqual({ reason: 'token_field_not_allowed', issuer: 'access' });
    expect(await judge(homely)).toBe('verified');
  });

  it('fetches no keys for a token that came the wrong way', async () => {
    const { verifier, documents } = setUp();
    expect(await verifier.verify(ofAccess)).toMatchObject({ failure: { reason: 'token_field_not_allowed' } });
    expect(documents.urls).toEqual([]);
  });

  it('is accepted from the console alone when no origin is allowed', async () => {
    const { fetchDocument } = setUp().documents;
    const issuers = [{ ...access, grant_scopes: [...access.grant_scopes] }];
    const verifier = testVerifier({ fetchDocument, clock: createFakeClock(), issuers, corsOrigins: [] });
    expect(await verifier.verify(ofAccess, homely)).toMatchObject({ failure: { reason: 'origin_not_allowed' } });
    const ofConsole = { field: ACCESS_FIELD, origin: null, isSameOrigin: true } as const;
    expect(await verifier.verify(ofAccess, ofConsole)).toMatchObject({ kind: 'verified' });
    expect(issuerProfile({ ...access, grant_scopes: [...access.grant_scopes] }).tokenField).toBe(ACCESS_FIELD);
  });
});
