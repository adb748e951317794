import { describe, expect, it } from 'vitest';

import { readGroups } from '../../../../src/auth/token/listed-names.ts';

const read = (claims: object, candidates = ['groups']) =>
  readGroups(claims as Readonly<Record<string, unknown>>, candidates);
const ID = '2e1d0c9b-8a79-4685-b3c4-d5e6f7a8b9c0';
const DN = 'CN=it-admins,OU=Groups,DC=acme,DC=com';

describe('a claim of groups', () => {
  it.each<[string, unknown, string[]]>([
    ['a list', ['it-admins', 'staff'], ['it-admins', 'staff']],
    ['an empty list', [], []],
    ['one text', 'it-admins', ['it-admins']],
    ['one text with blanks inside', 'Domain Users', ['Domain Users']],
    ['one text with a backslash', String.raw`ACME\Domain Users`, [String.raw`ACME\Domain Users`]],
    ['one distinguished name', DN, [DN]],
    ['one distinguished name in a container', `CN=it,CN=Users,DC=acme`, ['CN=it,CN=Users,DC=acme']],
    ['one id', ID, [ID]],
    ['one path', '/acme/it-admins', ['/acme/it-admins']],
    ['an empty text', '', []],
    ['a list with an empty text', ['', 'it-admins', ''], ['it-admins']],
    ['a list of names with commas', ['Sales, EMEA', DN, '[external]', 'a|b'], ['Sales, EMEA', DN, '[external]', 'a|b']],
    ['1,000 groups', Array.from({ length: 1000 }, () => 'a'), Array.from({ length: 1000 }, () => 'a')],
  ])('that is %s is read whole', (_title, groups, names) => {
    expect(read({ groups })).toEqual({ names, unreadable: null });
  });

  it.each<[string, unknown, string[], string]>([
    ['null', null, [], 'form'],
    ['a number', 7, [], 'form'],
    ['a boolean', true, [], 'form'],
    ['an object', { 'it-admins': {} }, [], 'form'],
    ['a list with a number', ['it-admins', 7], ['it-admins'], 'form'],
    ['a list with null', [null, 'it-admins'], ['it-admins'], 'form'],
    ['a list with an object', [{ name: 'staff' }, 'it-admins'], ['it-admins'], 'form'],
    ['a list in a list', [['it-admins']], [], 'form'],
    ['a list with blanks around a name', [' staff', 'staff\u00a0', 'it-admins'], ['it-admins'], 'form'],
    ['a list with a blank text', [' ', 'it-admins'], ['it-admins'], 'form'],
    ['a list with invisible characters', ['st\u200baff', 'it-admins'], ['it-admins'], 'form'],
    ['a list with a name of 256 characters', ['x'.repeat(256), 'it-admins'], ['it-admins'], 'form'],
    ['one text with commas', 'Sales, EMEA', ['Sales, EMEA'], 'joined'],
    ['one text with semicolons', 'it-admins;staff', ['it-admins;staff'], 'joined'],
    ['two distinguished names in one text', `${DN},${DN}`, [`${DN},${DN}`], 'joined'],
    ['one text with bars', 'it|contractors', ['it|contractors'], 'joined'],
    ['one text with carets', 'it^contractors', ['it^contractors'], 'joined'],
    ...['^', '|', ' ', ':'].map((between): [string, unknown, string[], string] => {
      const two = `CN=it,DC=x${between}CN=contractors,DC=x`;
      return [`two distinguished names with ${JSON.stringify(between)} between`, two, [two], 'joined'];
    }),
    ['two common names in one text', 'CN=it CN=contractors', ['CN=it CN=contractors'], 'joined'],
    ['a list written as JSON', '["it-admins"]', [], 'joined'],
    ['a list written by Java', '[it-admins]', [], 'joined'],
    ['1,001 groups', Array.from({ length: 1001 }, () => 'it-admins'), [], 'too_many'],
  ])('that is %s is read as far as it can be', (_title, groups, names, unreadable) => {
    expect(read({ groups })).toEqual({ names, unreadable });
  });

  it('that is not there says that there are none', () => {
    expect(read({})).toEqual({ names: [], unreadable: null });
    expect(read({ _claim_names: {}, hasgroups: false })).toEqual({ names: [], unreadable: null });
    expect(read({ _claim_names: { roles: 'src1' } })).toEqual({ names: [], unreadable: null });
  });

  it.each<[string, object]>([
    [
      '_claim_names names it',
      { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://x' } } },
    ],
    ['_claim_names cannot be read', { _claim_names: null }],
    ['hasgroups is there', { hasgroups: true }],
    ['hasgroups is a text', { hasgroups: 'true' }],
    ['hasgroups is null', { hasgroups: null }],
  ])('that the issuer left out is unreadable: %s', (_title, claims) => {
    expect(read(claims)).toEqual({ names: [], unreadable: 'left_out' });
    expect(read({ ...claims, groups: ['staff'] })).toEqual({ names: ['staff'], unreadable: 'left_out' });
  });

  it('counts first where several are named, whatever it holds', () => {
    expect(read({ groups: null, roles: ['it-admins'] }, ['groups', 'roles'])).toEqual({
      names: [],
      unreadable: 'form',
    });
    expect(read({ hasgroups: true, roles: ['a'] }, ['groups', 'roles'])).toEqual({ names: [], unreadable: 'left_out' });
    expect(read({ hasgroups: true, roles: ['a'] }, ['roles', 'groups'])).toEqual({ names: ['a'], unreadable: null });
    expect(read({ roles: 'it-admins' }, ['groups', 'roles'])).toEqual({ names: ['it-admins'], unreadable: null });
  });

  it('is left out with the object that holds it', () => {
    const claims = { _claim_names: { realm_access: 'src1' } };
    expect(read(claims, ['/realm_access/roles'])).toEqual({ names: [], unreadable: 'left_out' });
  });
});
