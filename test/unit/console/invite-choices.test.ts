/** What the form of the console offers, forbids and announces, from the rules that a person can see. */
import type { InvitePolicy } from 'galileo-invite-client';
import { describe, expect, it } from 'vitest';
import { allowedBy, forcedNotes, suggest } from '../../../console/src/views/invite/compose/allowed.ts';
import { FIRST_CHOICES } from '../../../console/src/views/invite/compose/draft.ts';
import { fixFor } from '../../../console/src/views/invite/compose/fixes.ts';

const rule = (part: Partial<InvitePolicy['rules'][number]>): InvitePolicy['rules'][number] => ({
  ...{ id: 'staff', domains: ['acme.com'], emails: [], roles: ['user'], auth_methods: ['okta'], groups: [] },
  ...{ until: null, note: null },
  ...part,
});
const GROUP = { id: '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d', name: 'annotators' };
const POLICY = {
  digest: 'sha256:0',
  rules: [
    rule({ groups: [GROUP] }),
    rule({ id: 'partners', domains: ['partner.io'], roles: ['read_only'], auth_methods: ['google'], groups: 'any' }),
  ],
  forced: [{ id: 'eu', domains: ['*.acme.com'], emails: [], auth_method: 'saml', send_email: false }],
  limits: [],
  quotas: [],
} as unknown as InvitePolicy;

describe('the choices of the form', () => {
  it('are those of any rule while there is no list, and of the rules for the list afterwards', () => {
    const any = allowedBy(POLICY, []);
    expect([[...any.roles], [...any.authMethods], any.anyGroup]).toEqual([
      ['user', 'read_only'],
      ['okta', 'google'],
      true,
    ]);
    const staff = allowedBy(POLICY, ['ann@acme.com']);
    expect([[...staff.roles], [...staff.authMethods], staff.anyGroup]).toEqual([['user'], ['okta'], false]);
    expect([...staff.groupsAllowed]).toEqual([GROUP.id]);
  });

  it('are those of any rule where no rule is for the list: the addresses are at fault', () => {
    expect([...allowedBy(POLICY, ['ann@nowhere.example']).roles]).toEqual(['user', 'read_only']);
  });

  it('begin with one that is allowed', () => {
    expect(suggest(FIRST_CHOICES, allowedBy(POLICY, ['pat@partner.io']))).toMatchObject({
      role: 'read_only',
      authMethod: 'google',
    });
    expect(suggest(FIRST_CHOICES, allowedBy({ ...POLICY, rules: [] }, []))).toEqual(FIRST_CHOICES);
  });

  it('are announced where the policy sets them, with the number of addresses', () => {
    expect(forcedNotes(POLICY, ['ann@acme.com', 'bo@eu.acme.com', 'cy@eu.acme.com'])).toEqual([
      { field: 'auth_method', value: 'saml', addresses: 2 },
      { field: 'send_email', value: false, addresses: 2 },
    ]);
  });
});

describe('what helps a refused address', () => {
  it.each([
    ['ann@acme.com', ['roles'], 'Choose another role: User.'],
    ['ann@acme.com', ['auth_methods'], 'Choose another sign-in method: Okta.'],
    ['ann@acme.com', ['groups'], 'Choose other groups: annotators.'],
    ['pat@partner.io', ['groups'], 'Choose no group.'],
    [
      'x@nowhere.example',
      ['no-rule'],
      'Remove it, or ask for a rule. You may invite addresses at acme.com, partner.io.',
    ],
    ['ann@acme.com', ['emails'], 'Remove it from the list.'],
    ['ann@acme.com', ['something-new'], null],
  ])('%s, refused for %j: %s', (email, because, fix) => {
    expect(fixFor(POLICY, email, because)).toBe(fix);
  });
});
