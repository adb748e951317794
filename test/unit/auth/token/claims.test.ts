import { describe, expect, it } from 'vitest';

import { validateClaims } from '../../../../src/auth/token/claims.ts';
import { issuerProfile } from '../../../../src/auth/issuer-profile.ts';
import type { IssuerProfile } from '../../../../src/auth/issuer-profile.ts';
import type { IssuerConfig } from '../../../../src/auth/issuers.ts';
import { AUDIENCE, ISSUER, NOW_S } from '../../../support/tokens.ts';

const profileWith = (changes: Partial<IssuerConfig> = {}) =>
  issuerProfile({ name: 'corp', issuer: ISSUER, audience: AUDIENCE, ...changes });
const CLAIMS = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'hr-portal',
  client_id: 'hr-portal',
  iat: NOW_S,
  exp: NOW_S + 600,
  jti: 'token-1',
};

function read(claims: object, profile: IssuerProfile = profileWith(), nowS = NOW_S) {
  return validateClaims(claims as Readonly<Record<string, unknown>>, profile, nowS);
}
function principal(changes: object, profile?: IssuerProfile) {
  const result = read({ ...CLAIMS, ...changes }, profile);
  return result.kind === 'principal' ? result.principal : result.reason;
}
const reason = (changes: object, profile?: IssuerProfile, nowS?: number) => {
  const result = read({ ...CLAIMS, ...changes }, profile, nowS);
  return result.kind === 'refused' ? result.reason : result.kind;
};

describe('the claims of a verified token', () => {
  it('make a principal', () => {
    expect(principal({ scope: 'invites:write', groups: ['it-admins'] })).toEqual({
      issuer: 'corp',
      issuerUrl: ISSUER,
      subject: 'hr-portal',
      clientId: 'hr-portal',
      groups: ['it-admins'],
      kind: 'app',
      scopes: ['invites:write'],
      tokenId: 'token-1',
      expiresAt: NOW_S + 600,
    });
  });

  it.each(['it-\u200badmins', '\u202esnimda-ti', 'it-admins\u3164', 'it-admins\n', 'it-admins\u{e0041}'])(
    'leave out the group %j, which cannot be read, and say so',
    (group) => {
      expect(principal({ groups: ['staff', group] })).toMatchObject({ groups: ['staff'], hasUnreadableGroups: true });
      expect(principal({ groups: ['staff'] })).not.toHaveProperty('hasUnreadableGroups');
    },
  );

  it('make a principal that nobody can change afterwards', () => {
    const made = principal({ scope: 'invites:write' });
    expect(Object.isFrozen(made)).toBe(true);
    expect(made).toSatisfy(
      (value: { scopes: object; groups: object }) => Object.isFrozen(value.scopes) && Object.isFrozen(value.groups),
    );
  });

  it('make a user of a subject that is not the client itself', () => {
    expect(principal({ sub: 'user-7' })).toMatchObject({ kind: 'user', subject: 'user-7', clientId: 'hr-portal' });
  });

  it('make an app only where all that the profile asks for holds', () => {
    const profile: IssuerProfile = {
      ...profileWith(),
      appWhen: [
        { kind: 'equals', claim: 'idtyp', value: 'app' },
        { kind: 'absent', claim: 'scp' },
      ],
    };
    expect(principal({ sub: 'object-7', idtyp: 'app' }, profile)).toMatchObject({ kind: 'app' });
    expect(principal({ idtyp: 'app', scp: 'x' }, profile)).toMatchObject({ kind: 'user' });
    expect(principal({ idtyp: 'user' }, profile)).toMatchObject({ kind: 'user' });
    expect(principal({}, profile)).toMatchObject({ kind: 'user' });
  });

  it('are refused where something else that must hold does not', () => {
    const profile: IssuerProfile = {
      ...profileWith(),
      mustHold: [{ kind: 'ends_with', claim: 'email', suffix: '.example.com' }],
    };
    expect(reason({ email: 'bot@apps.example.com' }, profile)).toBe('principal');
    expect(reason({ email: 'bot@apps.example.com.evil.example' }, profile)).toBe('claim_mismatch');
    expect(reason({ email: ['bot@apps.example.com'] }, profile)).toBe('claim_mismatch');
    expect(reason({}, profile)).toBe('claim_mismatch');
  });

  it('name the subject by the first claim that says something', () => {
    const profile = profileWith({ claims: { subject: ['uid', 'sub'] } });
    expect(principal({ uid: 'user-7' }, profile)).toMatchObject({ subject: 'user-7' });
    expect(principal({}, profile)).toMatchObject({ subject: 'hr-portal' });
    expect(principal({ uid: '' }, profile)).toMatchObject({ subject: 'hr-portal' });
    expect(reason({ uid: 7 }, profile)).toBe('claim_malformed');
    expect(reason({ uid: null }, profile)).toBe('claim_malformed');
    expect(reason({ uid: '', sub: '' }, profile)).toBe('claim_malformed');
    expect(reason({ sub: undefined }, profile)).toBe('claim_missing');
  });

  it('lend the audience as client id only where the profile says so', () => {
    const profile: IssuerProfile = { ...profileWith(), clientIdFallback: 'audience' };
    expect(principal({ client_id: undefined, aud: ['other', AUDIENCE] }, profile)).toMatchObject({
      clientId: AUDIENCE,
    });
    expect(reason({ client_id: null }, profile)).toBe('claim_malformed');
    expect(reason({ client_id: undefined })).toBe('claim_missing');
  });

  // jose checks times and audience, too. These tests check claims.ts alone.
  it.each([
    [{ exp: NOW_S - 30, iat: NOW_S - 60 }, 'expired'],
    [{ exp: NOW_S - 29, iat: NOW_S - 60 }, 'principal'],
    [{ nbf: NOW_S + 31 }, 'not_yet_valid'],
    [{ nbf: NOW_S + 30 }, 'principal'],
    [{ iat: NOW_S + 31 }, 'issued_in_future'],
    [{ iat: NOW_S + 30 }, 'principal'],
    [{ exp: NOW_S + 86_400 }, 'principal'],
    [{ exp: NOW_S + 86_401 }, 'lifetime_too_long'],
    [{ nbf: NOW_S + 30.5 }, 'not_yet_valid'],
    [{ nbf: NOW_S + 29.5 }, 'principal'],
    [{ nbf: -0.5 }, 'claim_malformed'],
    [{ iat: NOW_S + 30.5 }, 'issued_in_future'],
    [{ iat: NOW_S + 29.5 }, 'principal'],
    [{ iat: NOW_S - 0.5, exp: NOW_S + 86_400 }, 'lifetime_too_long'],
    [{ iat: NOW_S + 0.5, exp: NOW_S }, 'claim_malformed'],
    [{ iat: Number.NaN }, 'claim_malformed'],
    [{ iat: 1e308 }, 'claim_malformed'],
    [{ exp: NOW_S }, 'claim_malformed'],
    [{ exp: Number.POSITIVE_INFINITY }, 'claim_malformed'],
    [{ aud: 'other' }, 'audience_mismatch'],
    [{ aud: ['other', AUDIENCE] }, 'principal'],
    [{ aud: 7 }, 'claim_malformed'],
    [{ iss: 'https://id.example.org' }, 'claim_mismatch'],
    [{ jti: undefined }, 'claim_missing'],
  ])('with %j are judged %s', (changes, expected) => {
    expect(reason(changes)).toBe(expected);
  });

  it('say when they were issued in whole seconds', () => {
    expect(read({ ...CLAIMS, iat: NOW_S - 0.5 })).toMatchObject({ issuedAt: NOW_S - 1 });
  });

  it('give no token id where it is no text and the profile does not require it', () => {
    const profile: IssuerProfile = { ...profileWith(), requiredClaims: [] };
    for (const jti of [null, 7, ['a'], undefined]) expect(principal({ jti }, profile)).toMatchObject({ tokenId: null });
    expect(reason({ jti: 'id-\u2066' }, profile)).toBe('claim_malformed');
    expect(reason({ jti: 7 })).toBe('claim_malformed');
    expect(reason({ jti: 7 }, { ...profile, requiredClaims: ['jti'] })).toBe('claim_malformed');
  });

  it('are read from where the entry says', () => {
    const claims = {
      client_id: ['azp', 'appid'],
      scopes: 'scp',
      groups: '/realm_access/roles',
      audience: '/for/a~1b',
    } as const;
    const profile = profileWith({ claims: { ...claims, client_id: [...claims.client_id] } });
    const token = {
      client_id: undefined,
      appid: 'app-1',
      scp: ['audit:read'],
      realm_access: { roles: ['it-admins'] },
      for: { 'a/b': AUDIENCE },
    };
    expect(principal(token, profile)).toMatchObject({
      clientId: 'app-1',
      scopes: ['audit:read'],
      groups: ['it-admins'],
    });
    expect(reason({ ...token, for: { 'a/b': 'other' } }, profile)).toBe('audience_mismatch');
    expect(reason({ ...token, for: undefined }, profile)).toBe('claim_missing');
    expect(principal({ ...token, azp: 'app-0' }, profile)).toMatchObject({ clientId: 'app-0' });
  });

  it('never come from a prototype', () => {
    expect(reason({}, profileWith({ claims: { client_id: 'constructor' } }))).toBe('claim_missing');
    expect(reason({ realm: {} }, profileWith({ claims: { client_id: '/realm/constructor/name' } }))).toBe(
      'claim_missing',
    );
  });

  it('make a caller of unclear kind where a claim that tells apps from users cannot be read', () => {
    const profile = profileWith({ preset: 'entra-v2', claims: { subject: 'sub', client_id: 'client_id' } });
    const app = { ver: '2.0', client_id: 'app-1' };
    expect(principal(app, profile)).toMatchObject({ kind: 'app' });
    expect(principal(app, profile)).not.toHaveProperty('hasUnreadableKind');
    for (const changes of [{ scp: null }, { idtyp: null }, { idtyp: ['app'] }, { _claim_names: { scp: 'src1' } }]) {
      expect(principal({ ...app, ...changes }, profile)).toMatchObject({ kind: 'user', hasUnreadableKind: true });
    }
    for (const changes of [{ scp: '' }, { scp: [] }, { scp: 7 }, { scp: {} }, { scp: null, idtyp: 'user' }]) {
      expect(principal({ ...app, ...changes }, profile)).toMatchObject({ kind: 'user' });
      expect(principal({ ...app, ...changes }, profile)).not.toHaveProperty('hasUnreadableKind');
    }
  });

  it('report what cannot be read', () => {
    const result = read({ ...CLAIMS, groups: null, scope: ['invites:write', 7] });
    expect(result).toMatchObject({
      principal: { groups: [], hasUnreadableGroups: true, scopes: ['invites:write'] },
      unreadable: [
        { claim: 'groups', reason: 'form' },
        { claim: 'scopes', reason: 'form' },
      ],
    });
    expect(read(CLAIMS)).toMatchObject({ unreadable: [] });
  });

  it('are refused where a claim that must be there has no value', () => {
    const profile = profileWith({ claims: { require: { tid: null } } });
    expect(reason({ tid: 'any' }, profile)).toBe('principal');
    expect(reason({ tid: null }, profile)).toBe('claim_malformed');
    expect(reason({ jti: null })).toBe('claim_malformed');
    expect(reason({ aud: null })).toBe('claim_malformed');
  });

  it.each(['amr', 'groups', 'roles', 'entitlements'])('may have a required value in a list, in %s', (claim) => {
    const profile = profileWith({ claims: { require: { [claim]: 'mfa' } } });
    expect(reason({ [claim]: 'mfa' }, profile)).toBe('principal');
    expect(reason({ [claim]: ['pwd', 'mfa'] }, profile)).toBe('principal');
    for (const value of [[], ['pwd'], ['MFA'], ['mfa '], [['mfa']], 'pwd mfa', { mfa: true }, 1]) {
      expect(reason({ [claim]: value }, profile)).toBe('claim_mismatch');
    }
  });

  it('may have a required value in no other list', () => {
    const profile = profileWith({ claims: { require: { tid: 'acme' } } });
    expect(reason({ tid: ['acme'] }, profile)).toBe('claim_mismatch');
  });

  it('are not read along a path that passes something that is no object', () => {
    const profile = profileWith({ claims: { groups: '/realm_access/roles', scopes: '/realm_access/scope' } });
    for (const realm_access of [null, 'it-admins', 7, ['it-admins'], [{ roles: ['it-admins'] }]]) {
      expect(principal({ realm_access }, profile)).toMatchObject({ groups: [], hasUnreadableGroups: true, scopes: [] });
    }
    for (const realm_access of [undefined, {}, { roles: [] }]) {
      expect(principal({ realm_access }, profile)).not.toHaveProperty('hasUnreadableGroups');
    }
    expect(reason({ realm: 'x' }, profileWith({ claims: { client_id: '/realm/name' } }))).toBe('claim_malformed');
  });

  it('must include the required ones, with exactly the value where one is given', () => {
    const profile = profileWith({ claims: { require: { token_use: 'access', tid: null, level: 2 } } });
    expect(reason({ token_use: 'access', tid: 'any', level: 2 }, profile)).toBe('principal');
    expect(reason({ token_use: 'id', tid: 'any', level: 2 }, profile)).toBe('claim_mismatch');
    expect(reason({ token_use: 'access', tid: 'any', level: '2' }, profile)).toBe('claim_mismatch');
    expect(reason({ token_use: 'access', level: 2 }, profile)).toBe('claim_missing');
  });
});

describe('scopes', () => {
  const scopes = (scope: unknown, changes: Partial<IssuerConfig> = {}) => {
    const made = principal({ scope }, profileWith(changes));
    return typeof made === 'string' ? made : made.scopes;
  };

  it('are only those of this service', () => {
    expect(scopes('openid invites:write profile')).toEqual(['invites:write']);
    expect(scopes(['audit:read', 'invites:write'])).toEqual(['invites:write', 'audit:read']);
    expect(scopes('invites:write2 Invites:Write invites')).toEqual([]);
    expect(scopes(undefined)).toEqual([]);
    expect(scopes('')).toEqual([]);
  });

  it('may come as a text or as a list, and each text of a list is one scope', () => {
    expect(scopes(' invites:write  audit:read ')).toEqual(['invites:write', 'audit:read']);
    expect(scopes(['', 'invites:write', ' '])).toEqual(['invites:write']);
    expect(scopes(['invites:write', 7, null, {}])).toEqual(['invites:write']);
    for (const value of [
      ['invites:write audit:read'],
      [' invites:write'],
      [['invites:write']],
      'invites:write,audit:read',
      'invites:write+audit:read',
      'invites:write\taudit:read',
      '["invites:write"]',
      { 'invites:write': true },
      { scope: 'invites:write' },
      null,
      7,
      true,
      [],
      '',
    ]) {
      expect(scopes(value)).toEqual([]);
    }
  });

  it('are never read from the second claim when the first is there, whatever it holds', () => {
    const profile = profileWith({ claims: { scopes: ['scp', 'roles'] } });
    for (const scp of [null, '', [], {}, 7, ['x']]) {
      expect(principal({ scp, roles: ['invites:write'] }, profile)).toMatchObject({ scopes: [] });
    }
    expect(principal({ _claim_names: { scp: 'src1' }, roles: ['invites:write'] }, profile)).toMatchObject({
      scopes: [],
    });
    expect(principal({ roles: 'invites:write' }, profile)).toMatchObject({ scopes: ['invites:write'] });
  });

  it('of a role with a blank in its name are translated, whether it comes alone or in a list', () => {
    const profile = profileWith({
      claims: { scopes: ['roles', 'scope'] },
      scope_map: { 'Galileo Inviter': 'invites:write' },
    });
    expect(principal({ roles: ['Galileo Inviter'] }, profile)).toMatchObject({ scopes: ['invites:write'] });
    expect(principal({ roles: 'Galileo Inviter' }, profile)).toMatchObject({ scopes: ['invites:write'] });
    // Two scopes, which a client may have asked for.
    expect(principal({ scope: 'Galileo Inviter' }, profile)).toMatchObject({ scopes: [] });
  });

  it('of the issuer are translated where the entry maps them', () => {
    const scope_map = { 'Invites.Write': 'invites:write', all: ['invites:write', 'audit:read'] } as const;
    const map = { scope_map: { ...scope_map, all: [...scope_map.all] } };
    expect(scopes('Invites.Write', map)).toEqual(['invites:write']);
    expect(scopes('all', map)).toEqual(['invites:write', 'audit:read']);
    expect(scopes('constructor', map)).toEqual([]);
  });

  it('are given to a caller by name where the entry maps it, and never read out of the name', () => {
    const profile: IssuerProfile = {
      ...profileWith({ scope_map: { 'ann@acme.com': 'audit:read' } }),
      scopeMapClaims: ['email'],
    };
    const scopesOf = (email: unknown) => {
      const made = principal({ email, scope: undefined }, profile);
      return typeof made === 'string' ? made : made.scopes;
    };
    expect(scopesOf('ann@acme.com')).toEqual(['audit:read']);
    expect(scopesOf('Ann@acme.com')).toEqual([]);
    expect(scopesOf('audit:read')).toEqual([]);
    expect(scopesOf('"x audit:read y"@acme.com')).toEqual([]);
    expect(scopesOf('x ann@acme.com y')).toEqual([]);
    expect(scopesOf(['ann@acme.com'])).toEqual([]);
  });

  it('are granted to every token where the entry says so', () => {
    expect(scopes(undefined, { grant_scopes: ['audit:read'] })).toEqual(['audit:read']);
  });
});
