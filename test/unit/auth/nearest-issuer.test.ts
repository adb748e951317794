import { describe, expect, it } from 'vitest';

import { differenceOf, nearestIssuer, printableName } from '../../../src/auth/nearest-issuer.ts';

const TENANT = '5f3c2f0e-6f0d-4c43-9a52-1e7a5b1d8c11';

describe('two names of an issuer', () => {
  it.each([
    ['https://acme.eu.auth0.com', 'https://acme.eu.auth0.com/', 'trailing_slash'],
    ['https://Login.acme.com', 'https://login.acme.com', 'case'],
    ['http://adfs.acme.com/adfs/services/trust', 'https://adfs.acme.com/adfs/services/trust', 'scheme'],
    ['accounts.google.com', 'https://accounts.google.com', 'scheme'],
    ['https://login.acme.com:443/oauth2', 'https://login.acme.com/oauth2', 'default_port'],
    ['https://sso.acme.com/auth/realms/corp', 'https://sso.acme.com/realms/corp', 'keycloak_auth_path'],
    [`https://sts.windows.net/${TENANT}/`, `https://login.microsoftonline.com/${TENANT}/v2.0`, 'entra_version'],
    ['HTTP://login.acme.com:80/', 'https://login.acme.com', 'several'],
  ])('%s and %s differ in one known way', (one, other, kind) => {
    expect([differenceOf(one, other), differenceOf(other, one)]).toEqual([kind, kind]);
  });

  it.each([
    ['https://login.acme.com', 'https://login.acme.com.evil.example'],
    ['https://login.acme.com/a', 'https://login.acme.com/b'],
    ['https://login.acme.com:8443', 'https://login.acme.com'],
    ['https://sts.windows.net/other/', `https://login.microsoftonline.com/${TENANT}/v2.0`],
    ['', 'https://login.acme.com'],
  ])('%s and %s are two issuers', (one, other) => {
    expect(differenceOf(one, other)).toBeNull();
  });
});

describe('the nearest issuer', () => {
  it('is named by its short name alone', () => {
    const configured = [
      { name: 'corp', issuer: 'https://login.acme.com' },
      { name: 'auth0', issuer: 'https://acme.eu.auth0.com/' },
    ];
    expect(nearestIssuer('https://acme.eu.auth0.com', configured)).toEqual({
      issuer: 'auth0',
      differsIn: 'trailing_slash',
    });
    expect(nearestIssuer('https://evil.example', configured)).toBeNull();
    expect(nearestIssuer(`https://login.acme.com${'/'.repeat(3000)}`, configured)).toBeNull(); // too long to compare
  });
});

describe('a name from outside', () => {
  it('is shown shortened and without what a terminal would interpret', () => {
    expect(printableName('a\u001b[31m\u202eb')).toBe('a\ufffd[31m\ufffdb');
    expect(printableName('x'.repeat(500))).toHaveLength(200);
  });
});
