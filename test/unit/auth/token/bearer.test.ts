import { describe, expect, it } from 'vitest';

import { bearerToken, challenge } from '../../../../src/auth/token/bearer.ts';
import { protectedResource, resourceMetadataUrl } from '../../../../src/auth/protected-resource.ts';

describe('the Authorization field', () => {
  it.each(['Bearer a.b.c', 'bearer a.b.c', 'BEARER   a.b.c'])('gives the token of %j', (value) => {
    expect(bearerToken(value)).toEqual({ kind: 'token', token: 'a.b.c' });
  });

  it('takes all of token68', () => {
    expect(bearerToken('Bearer aZ09-._~+/==')).toEqual({ kind: 'token', token: 'aZ09-._~+/==' });
  });

  it.each([undefined, '', 'Basic dXNlcjpwYXNz', 'BearerX a', 'a.b', 'DPoP a.b.c'])(
    'has no token of ours in %j',
    (value) => {
      expect(bearerToken(value)).toEqual({ kind: 'missing' });
    },
  );

  it.each(['a.b.c', 'a.b.', 'JWT a.b.c', 'jwt  a.b.c', 'Token a.b.c'])('lacks the scheme in %j', (value) => {
    expect(bearerToken(value)).toEqual({ kind: 'without_scheme' });
  });

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a, Bearer b',
    'Bearer a,b',
    'Bearer "a"',
    'Bearer\ta',
    'Bearer a ',
    'Bearer a=b',
    'Bearer a\n',
    'Bearer ä',
    'Bearer =',
  ])('is malformed as %j', (value) => {
    expect(bearerToken(value)).toEqual({ kind: 'malformed' });
  });
});

describe('the challenge', () => {
  const url = 'https://invites.example.com/.well-known/oauth-protected-resource';

  it('names no error when no credentials came', () => {
    expect(challenge({ kind: 'missing' }, null)).toBe('Bearer realm="galileo-invites"');
    expect(challenge({ kind: 'missing' }, url)).toBe(`Bearer realm="galileo-invites", resource_metadata="${url}"`);
  });

  it('says that the token is invalid, and why', () => {
    expect(challenge({ kind: 'invalid_token', description: 'The token has expired.' }, null)).toBe(
      'Bearer realm="galileo-invites", error="invalid_token", error_description="The token has expired."',
    );
  });

  it('says which scope is needed', () => {
    expect(challenge({ kind: 'insufficient_scope', scope: 'invites:write' }, url)).toBe(
      `Bearer realm="galileo-invites", resource_metadata="${url}", error="insufficient_scope", scope="invites:write"`,
    );
  });

  it('cannot be broken out of', () => {
    expect(challenge({ kind: 'invalid_token', description: 'a"b\\c\r\nd' }, null)).toContain(
      'error_description="abcd"',
    );
  });
});

const RULES = { insecureDev: false };

describe('the protected resource metadata', () => {
  it('names the resource, its issuers, its scopes and the header', () => {
    expect(protectedResource('https://invites.example.com', [{ issuer: 'https://id.example.com' }], RULES)).toEqual({
      resource: 'https://invites.example.com',
      authorization_servers: ['https://id.example.com'],
      scopes_supported: ['invites:write', 'invites:settle', 'audit:read'],
      bearer_methods_supported: ['header'],
    });
  });

  it('names only issuers that are https URLs, as a client would look there for metadata', () => {
    const names = ['http://adfs.acme.com/adfs/services/trust', 'urn:acme:sts', 'accounts.google.com'];
    const adfs = names.map((issuer) => ({ issuer }));
    expect(
      protectedResource('https://a.example', [...adfs, { issuer: 'https://id.example.com' }], RULES),
    ).toMatchObject({
      authorization_servers: ['https://id.example.com'],
    });
    expect(protectedResource('https://a.example', adfs, RULES)).not.toHaveProperty('authorization_servers');
  });

  it('is found between the host and the path', () => {
    expect(resourceMetadataUrl('https://invites.example.com/')).toBe(
      'https://invites.example.com/.well-known/oauth-protected-resource',
    );
    expect(resourceMetadataUrl('https://example.com/invites')).toBe(
      'https://example.com/.well-known/oauth-protected-resource/invites',
    );
  });
});
