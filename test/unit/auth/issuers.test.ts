import { describe, expect, it } from 'vitest';

import { ALGORITHM_NAMES } from '../../../src/auth/keys/algorithms.ts';
import { issuerProfile } from '../../../src/auth/issuer-profile.ts';
import { documentUrlProblem, issuerProblem, issuersSchema, issuerUrlProblem } from '../../../src/auth/issuers.ts';

const entry = { name: 'corp', issuer: 'https://id.example.com', audience: 'galileo-invites' };
const problems = (value: unknown): string[] => {
  const result = issuersSchema.safeParse(value);
  return result.success ? [] : result.error.issues.map(({ path }) => path.join('.'));
};

describe('AUTH_ISSUERS', () => {
  it('takes an entry with nothing but a name, an issuer and an audience', () => {
    expect(problems([entry])).toEqual([]);
  });

  it.each([
    [{ audience: 'invites\u200b' }, '0.audience'],
    [{ audience: ['invites', '\u202eseti'] }, '0.audience.1'],
    [{ claims: { groups: 'groups\u3164' } }, '0.claims.groups'],
    [{ scope_map: { 'all\u{e0041}': 'invites:write' } }, '0.scope_map.all\u{e0041}'],
    [{ name: 'corp\u200b' }, '0.name'],
    [{ issuer: 'https://id.example.com/\u2066' }, '0.issuer'],
  ])('refuses invisible characters: %j', (members, place) => {
    expect(problems([{ ...entry, ...members }])).toContain(place);
  });

  it('takes an entry with everything', () => {
    const everything = {
      ...entry,
      audience: ['galileo-invites', 'https://invites.example.com'],
      jwks_uri: 'https://id.example.com/jwks',
      preset: 'rfc9068',
      algorithms: ['ES256', 'EdDSA'],
      token_types: ['at+jwt', 'application/at+jwt'],
      max_token_bytes: 12_288,
      max_lifetime_s: 3600,
      claims: {
        audience: 'aud',
        subject: ['oid', 'sub'],
        client_id: ['azp', 'appid'],
        scopes: 'scp',
        groups: '/realm_access/roles',
        require: { tid: 'x', jti: null },
      },
      scope_map: { 'Invites.Write': 'invites:write', 'Galileo.All': ['invites:write', 'audit:read'] },
      grant_scopes: ['invites:write'],
    };
    expect(problems([everything])).toEqual([]);
  });

  it.each([
    ['Cloudflare Access with a grant', { preset: 'cloudflare-access', grant_scopes: ['invites:write'] }],
    ['Cloudflare Access with a map', { preset: 'cloudflare-access', scope_map: { 'ann@acme.com': 'audit:read' } }],
    [
      'Cloudflare Access with scopes in a claim of its own',
      { preset: 'cloudflare-access', claims: { scopes: '/custom/scopes' } },
    ],
    ['Google with a map', { preset: 'google', scope_map: { 'bot@x.iam.gserviceaccount.com': 'invites:write' } }],
    [
      'a required claim as the preset has it',
      { preset: 'keycloak', claims: { require: { typ: 'Bearer', azp: null } } },
    ],
  ])('takes %s', (_title, changes) => {
    expect(problems([{ ...entry, ...changes }])).toEqual([]);
  });

  it.each([
    ['no entry at all', [], ''],
    ['no list', entry, ''],
    ['an unknown member', [{ ...entry, jwksUri: 'https://id.example.com/jwks' }], '0'],
    ['an unknown member of claims', [{ ...entry, claims: { clientid: 'azp' } }], '0.claims'],
    ['a name with capitals', [{ ...entry, name: 'Corp' }], '0.name'],
    ['a name with a colon', [{ ...entry, name: 'corp:1' }], '0.name'],
    ['no audience', [{ name: 'corp', issuer: 'https://id.example.com' }], '0.audience'],
    ['an empty audience', [{ ...entry, audience: '' }], '0.audience'],
    ['an empty list of audiences', [{ ...entry, audience: [] }], '0.audience'],
    ['a symmetric algorithm', [{ ...entry, algorithms: ['HS256'] }], '0.algorithms.0'],
    ['the algorithm none', [{ ...entry, algorithms: ['none'] }], '0.algorithms.0'],
    ['an empty list of algorithms', [{ ...entry, algorithms: [] }], '0.algorithms'],
    ['an unknown preset', [{ ...entry, preset: 'constructor' }], '0.preset'],
    ['tokens of 32 KiB', [{ ...entry, max_token_bytes: 32_768 }], '0.max_token_bytes'],
    ['tokens of 100 bytes', [{ ...entry, max_token_bytes: 100 }], '0.max_token_bytes'],
    ['a token size with a unit', [{ ...entry, max_token_bytes: '16k' }], '0.max_token_bytes'],
    ['a lifetime of ten years', [{ ...entry, max_lifetime_s: 315_360_000 }], '0.max_lifetime_s'],
    ['a scope of ours that does not exist', [{ ...entry, grant_scopes: ['admin'] }], '0.grant_scopes.0'],
    ['Cloudflare Access without scopes for anyone', [{ ...entry, preset: 'cloudflare-access' }], '0'],
    ['Cloudflare Access with an empty grant', [{ ...entry, preset: 'cloudflare-access', grant_scopes: [] }], '0'],
    ['Google without scopes for anyone', [{ ...entry, preset: 'google' }], '0'],
    [
      'scopes for whoever has a Google service account',
      [
        {
          ...entry,
          preset: 'google',
          scope_map: { 'bot@x.iam.gserviceaccount.com': 'invites:write' },
          grant_scopes: ['audit:read'],
        },
      ],
      '0.grant_scopes',
    ],
    [
      'a required claim that the preset fixes otherwise',
      [{ ...entry, preset: 'keycloak', claims: { require: { typ: 'DPoP' } } }],
      '0.claims.require.typ',
    ],
    ['two entries of one name', [entry, { ...entry, issuer: 'https://id.example.org' }], '1.name'],
    ['two entries of one issuer', [entry, { ...entry, name: 'other' }], '1.issuer'],
  ])('refuses %s', (_title, value, path) => {
    expect(problems(value)).toEqual([path]);
  });
});

describe('the URL of an issuer', () => {
  it.each(['https://id.example.com', 'https://id.example.com/', 'https://id.example.com:8443/realms/corp'])(
    'may be %s',
    (url) => {
      expect(issuerUrlProblem(url, { insecureDev: false })).toBeNull();
    },
  );

  it.each([
    'http://id.example.com',
    'http://localhost:9400',
    'https://user@id.example.com',
    'https://:secret@id.example.com',
    'https://id.example.com?tenant=1',
    'https://id.example.com/?',
    'https://id.example.com#',
    'https://id.example.com/#a',
    'id.example.com',
    'https:id.example.com',
    'https:\\\\id.example.com',
    ' https://id.example.com',
    'https://id.exam\tple.com',
    'https://id.exämple.com',
    'ftp://id.example.com',
    'data:,x',
    '',
  ])('may not be %j', (url) => {
    expect(issuerUrlProblem(url, { insecureDev: false })).not.toBeNull();
  });

  it.each([
    'http://localhost:9400',
    'http://127.0.0.1',
    'http://127.9.9.9:1/a',
    'http://[::1]:9400',
    'https://id.example.com',
  ])('may be %s in insecure development', (url) => {
    expect(issuerUrlProblem(url, { insecureDev: true })).toBeNull();
  });

  it.each([
    'http://id.example.com',
    'http://10.0.0.1',
    'http://0.0.0.0',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://[::2]',
    'http://localhost@id.example.com',
    'http://128.0.0.1',
    'ftp://localhost',
  ])('may not be %s even in insecure development', (url) => {
    expect(issuerUrlProblem(url, { insecureDev: true })).not.toBeNull();
  });

  it('may have no query, while that of a key set may', () => {
    const url = 'https://id.example.com/keys?p=sign-in';
    expect(issuerUrlProblem(url, { insecureDev: false })).not.toBeNull();
    expect(documentUrlProblem(url, { insecureDev: false })).toBeNull();
  });
});

describe('the name of an issuer', () => {
  const problem = (issuer: string, jwksUri?: string) =>
    issuerProblem({ issuer, ...(jwksUri === undefined ? {} : { jwks_uri: jwksUri }) }, { insecureDev: false });

  it.each([
    'http://adfs.acme.com/adfs/services/trust',
    'urn:acme:sts',
    'accounts.google.com',
    'Acme sign-in, Europe',
    'https://id.example.com?tenant=1',
    'https://id.exämple.com',
  ])('may be %s beside jwks_uri, and not without', (issuer) => {
    expect(problem(issuer, 'https://id.example.com/keys')).toBeNull();
    expect(problem(issuer)).toMatch(/^issuer must .*, or jwks_uri must name its key set$/);
  });

  it.each([
    ['http://id.example.com/keys', 'jwks_uri must use https'],
    ['urn:keys', 'jwks_uri must be an absolute URL'],
    ['https://a:b@id.example.com/keys', 'jwks_uri must have no user information'],
  ])('lets no key come from %s', (jwksUri, expected) => {
    expect(problem('urn:acme:sts', jwksUri)).toBe(expected);
    expect(problem('https://id.example.com', jwksUri)).toBe(expected);
  });

  it.each([' urn:acme:sts', 'urn:acme:sts ', 'https://id.example.com\u00a0'])(
    'may not be %j, which no token has',
    (issuer) => {
      expect(problem(issuer, 'https://id.example.com/keys')).toMatch(/blank/);
    },
  );

  it('may hold no placeholder, which no token has', () => {
    const template = 'https://login.microsoftonline.com/{tenantid}/v2.0';
    expect([problem(template), problem(template, 'https://id.example.com/keys')]).toEqual([
      expect.stringContaining('tenant id'),
      expect.stringContaining('tenant id'),
    ]);
  });
});

describe('an issuer that no token has', () => {
  const problem = (issuer: string) => issuerProblem({ issuer }, { insecureDev: false });

  it.each([
    ['https://login.microsoftonline.com/organizations/v2.0', /id of the tenant/],
    ['https://login.microsoftonline.com/common/', /id of the tenant/],
    ['https://login.microsoftonline.us/consumers/v2.0', /id of the tenant/],
    ['https://login.microsoftonline.com/<tenant>/v2.0', /placeholder/],
    ['https://login.microsoftonline.com/YOUR_TENANT_ID/v2.0', /placeholder/],
    ['https://your-tenant.eu.auth0.com/', /placeholder/],
    ['https://id.example.com/.well-known/openid-configuration', /before \/\.well-known/],
  ])('is refused, also beside a key set: %s', (issuer, expected) => {
    expect(problem(issuer)).toMatch(expected);
    expect(issuerProblem({ issuer, jwks_uri: 'https://id.example.com/keys' }, { insecureDev: false })).toMatch(
      expected,
    );
  });

  it.each([
    'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
    'https://id.acme.com/common',
  ])('is not %s', (issuer) => {
    expect(problem(issuer)).toBeNull();
  });
});

describe('the profile of an issuer', () => {
  it('is RFC 9068 where the entry says nothing', () => {
    expect(issuerProfile(entry)).toMatchObject({
      tokenTypes: ['at+jwt'],
      tokenTypeRequired: true,
      maxLifetimeS: 86_400,
      audiences: ['galileo-invites'],
      jwksUri: null,
      algorithms: ALGORITHM_NAMES,
      clientIdClaims: ['client_id'],
      requiredClaims: ['jti'],
      grantScopes: [],
    });
  });

  it('follows the entry where it speaks, and only adds to what is required', () => {
    const profile = issuerProfile({
      ...entry,
      token_types: ['Application/JWT'],
      max_lifetime_s: 60,
      claims: { client_id: 'azp', require: { token_use: 'access', tid: null } },
      scope_map: { all: 'audit:read' },
    });
    expect(profile).toMatchObject({
      tokenTypes: ['jwt'],
      maxLifetimeS: 60,
      clientIdClaims: ['azp'],
      requiredClaims: ['jti', 'token_use', 'tid'],
      fixedClaims: { token_use: 'access' },
    });
    expect(profile.scopeMap.get('all')).toEqual(['audit:read']);
  });
});
