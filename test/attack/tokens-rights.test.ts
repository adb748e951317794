import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { issuerProfile } from '../../src/auth/issuer-profile.ts';
import type { IssuerConfig } from '../../src/auth/issuers.ts';
import { PRESET_NAMES } from '../../src/auth/presets.ts';
import type { Principal } from '../../src/auth/principal.ts';
import { validateClaims } from '../../src/auth/token/claims.ts';
import { decide } from '../../src/policy/evaluate.ts';
import { policyFrom, testRequest } from '../support/policy.ts';
import { NOW_S } from '../support/tokens.ts';
import { RECORDED_TOKENS } from '../unit/auth/recorded-tokens.ts';

/**
 * Hostile values in the claims that give rights or tell apps from users. They do not cost the token, so they must give
 * nothing: no group, no scope, no kind that an allow rule asks for. Every deny rule by group or kind applies instead.
 */
const HOSTILE: readonly (readonly [title: string, value: unknown])[] = [
  ['null', null],
  ['a number', 7],
  ['true', true],
  ['an object with the name as a member', { 'it-admins': true, 'invites:write': true }],
  ['an object that looks like a list', { 0: 'it-admins', 1: 'invites:write', length: 2 }],
  ['a list in a list', [['it-admins', 'invites:write']]],
  ['a list of objects', [{ name: 'it-admins', value: 'invites:write', toString: 'it-admins' }]],
  ['names with a zero-width space', ['it-\u200badmins', 'invites:\u200bwrite']],
  ['names with an override of the direction', ['\u202esnimda-ti', '\u202eetirw:setivni']],
  ['names with a NUL', ['it-admins\0', 'invites:write\0']],
  ['names with blanks around', [' it-admins', 'it-admins ', ' invites:write', 'invites:write\t']],
  ['a name of 300 characters', [`it-admins${'x'.repeat(291)}`, null]],
  ['2,000 names', ['it-admins', ...Array.from({ length: 1999 }, (_, index) => `invites:write${index}`)]],
  ['a list in JSON', '["it-admins","invites:write"]'],
  ['a list as Java writes it', '[it-admins, invites:write]'],
  ['names joined by commas', 'it-admins,invites:write'],
  ['a deep value', Array.from({ length: 14 }).reduce<unknown>((inner) => ({ groups: inner }), 'it-admins')],
  ['a prototype', JSON.parse('{"__proto__":["it-admins","invites:write"]}')],
  ['a constructor', { constructor: { prototype: { groups: ['it-admins'], includes: true } } }],
];
const NAMES_OF_PROTOTYPES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length'];

const policy = policyFrom(`version: 1
callers:
  admins: { issuer: corp, groups: [it-admins] }
  apps: { issuer: corp, kind: app }
  people: { issuer: corp, kind: user }
  leavers: { issuer: corp, groups: [leavers] }
  anyone: { issuer: corp }
rules:
  - { id: not-leavers, deny: [leavers], domains: [groups.acme.com] }
  - { id: not-apps, deny: [apps], domains: [apps.acme.com] }
  - { id: not-people, deny: [people], domains: [people.acme.com] }
  - { id: by-group, allow: [admins], domains: [by-group.com], roles: any, auth_methods: any }
  - { id: by-app, allow: [apps], domains: [by-app.com], roles: any, auth_methods: any }
  - { id: by-user, allow: [people], domains: [by-user.com], roles: any, auth_methods: any }
  - { id: by-issuer, allow: [anyone], domains: [groups.acme.com, apps.acme.com, people.acme.com], roles: any, auth_methods: any }
`);
const ruleFor = (principal: Principal, domain: string): string => {
  const [first] = decide(policy, principal, testRequest(`ann@${domain}`), NOW_S * 1000).addresses;
  return `${first?.decision} ${first?.rule ?? ''}`;
};

/** The caller of the first recorded token of a preset with these changes. */
function callerOf(title: string, changes: object, entry: Partial<IssuerConfig> = {}): Principal {
  const token = RECORDED_TOKENS.find((one) => one.title === title || one.preset === title);
  if (token === undefined) throw new Error(`no recorded token ${title}`);
  const profile = issuerProfile({ name: 'corp', ...token.entry, ...entry });
  const result = validateClaims({ ...token.claims, ...changes }, profile, NOW_S);
  if (result.kind === 'refused') throw new Error(`${title}: ${result.reason}`);
  return result.principal;
}

describe.each(HOSTILE)('%s in place of a list', (_title, value) => {
  it.each(PRESET_NAMES)('of groups of %s gives no group, and every deny rule by group applies', (preset) => {
    const caller = callerOf(preset, { g: value }, { claims: { groups: 'g' } });
    expect(caller.groups).not.toContain('it-admins');
    expect(caller).toMatchObject({ hasUnreadableGroups: true });
    expect(ruleFor(caller, 'by-group.com')).toBe('deny ');
    expect(ruleFor(caller, 'groups.acme.com')).toBe('deny not-leavers');
  });

  it.each(PRESET_NAMES)('of scopes of %s gives no scope', (preset) => {
    expect(callerOf(preset, { s: value }, { claims: { scopes: 's' }, scope_map: {} }).scopes).toEqual([]);
    const entry = { claims: { scopes: ['s', 't'] }, scope_map: {} };
    expect(callerOf(preset, { s: value, t: 'invites:write' }, entry).scopes).toEqual([]);
  });

  it('of delegated scopes of Entra ID never makes a person an app', () => {
    const roles = ['invites:write', 'audit:read'];
    const caller = callerOf('Entra ID v2.0, a user', { scp: value, roles });
    expect(caller).toMatchObject({ kind: 'user', scopes: [] });
    expect(ruleFor(caller, 'by-app.com')).toBe('deny ');
    expect(ruleFor(caller, 'people.acme.com')).toBe('deny not-people');
  });
});

/** A claim that tells apps from users, in the token of an app. Any change of it must not keep the caller an app. */
describe.each([
  ['Entra ID v2.0, an app', 'idtyp'],
  ['Auth0, an app', 'gty'],
  ['Keycloak, a service account', 'preferred_username'],
  ['Keycloak, a service account', 'client_id'],
])('in a token of %s, the claim %s', (title, claim) => {
  it.each(HOSTILE.filter(([, value]) => typeof value === 'object'))('with %s makes the kind unclear', (_how, value) => {
    const caller = callerOf(title, { [claim]: value });
    expect(caller).toMatchObject({ hasUnreadableKind: true });
    expect([ruleFor(caller, 'by-app.com'), ruleFor(caller, 'by-user.com')]).toEqual(['deny ', 'deny ']);
    expect(ruleFor(caller, 'apps.acme.com')).toBe('deny not-apps');
    expect(ruleFor(caller, 'people.acme.com')).toBe('deny not-people');
  });

  it.each(['', 'user', 7, false, 'APP', 'app\u200b'])('with %j makes no app', (value) => {
    expect(callerOf(title, { [claim]: value })).toMatchObject({ kind: 'user' });
  });
});

describe('names of JavaScript’s own', () => {
  it.each(NAMES_OF_PROTOTYPES)('such as %s are ordinary texts, and their claims are never inherited', (name) => {
    expect(callerOf('rfc9068', { groups: [name], scope: name }).groups).toEqual([name]);
    expect(callerOf('rfc9068', { groups: [name], scope: name }).scopes).toEqual([]);
    const missing = callerOf('rfc9068', {}, { claims: { groups: name, scopes: `/scope/${name}` } });
    expect(missing).toMatchObject({ groups: [], scopes: [] });
    expect(missing).not.toHaveProperty('hasUnreadableGroups');
  });

  it('change no object of the service', () => {
    const evil: unknown = JSON.parse('{"__proto__":{"groups":["it-admins"],"polluted":true}}');
    callerOf('rfc9068', { groups: evil, scope: evil, _claim_names: evil });
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('whatever the claims of rights hold', () => {
  const wild = fc.jsonValue({ maxDepth: 4 });

  it('the token is judged, and only exact texts give groups and scopes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...PRESET_NAMES), wild, wild, wild, (preset, g, s, names) => {
        const caller = callerOf(
          preset,
          { g, s, _claim_names: names },
          { claims: { groups: 'g', scopes: 's' }, scope_map: {} },
        );
        const texts = [g].flat();
        for (const group of caller.groups) expect(texts).toContain(group);
        expect(caller.scopes).toEqual([]);
      }),
    );
  });
});
