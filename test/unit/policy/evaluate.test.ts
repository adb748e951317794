import { describe, expect, it } from 'vitest';
import type { Principal } from '../../../src/auth/principal.ts';
import type { InviteUsersRequest } from '../../../src/contract/invite-users.ts';
import { describeCapabilities } from '../../../src/policy/capabilities/capabilities.ts';
import type { Rule } from '../../../src/policy/compile.ts';
import type { AddressDecision } from '../../../src/policy/decision.ts';
import { decide } from '../../../src/policy/evaluate.ts';
import { ANNOTATORS, EXAMPLE_POLICY, policyFrom, REVIEWERS, testPrincipal, testRequest } from '../../support/policy.ts';

const NOW_MS = Date.UTC(2026, 5, 15);
const OTHER_GROUP = '00000000-0000-4000-8000-000000000000';

const BASE = `version: 1
domains: { acme: [acme.com, "*.acme.com"] }
groups: { annotators: ${ANNOTATORS}, reviewers: ${REVIEWERS} }
callers: { portal: { issuer: corp, client_id: [hr-portal] }, admins: { issuer: corp, groups: [it] } }
`;
const ALLOW_ACME = '{ id: staff, allow: [portal], domains: [$acme], roles: [user], auth_methods: [email] }';

interface Ask extends Partial<InviteUsersRequest> {
  readonly as?: Partial<Principal>;
  readonly nowMs?: number;
}

/** Decides for the HR portal under these rules (and other sections). */
function decideBy(
  rules: readonly string[],
  emails: string | string[],
  { as = {}, nowMs = NOW_MS, ...request }: Ask = {},
  sections = '',
) {
  const policy = policyFrom(`${BASE}rules: [${rules.join(', ')}]\n${sections}`);
  return decide(policy, testPrincipal(as), testRequest(emails, request), nowMs);
}

const brief = ({ decision, rule, because }: AddressDecision) => [decision, rule, ...because].join(' ');
const verdictOf = (...args: Parameters<typeof decideBy>) =>
  decideBy(...args)
    .addresses.map(brief)
    .join('; ');

describe('rules', () => {
  it('deny what nothing allows', () => {
    expect(verdictOf([], 'ann@acme.com')).toBe('deny  no-rule');
    expect(decideBy([], 'ann@acme.com')).toMatchObject({ verdict: 'deny', refusedBy: 'policy' });
  });

  it('deny an empty request', () => {
    expect(decideBy([ALLOW_ACME], [])).toMatchObject({ verdict: 'deny', refusedBy: 'policy', addresses: [] });
  });

  it('allow what one rule allows in whole, and name it', () => {
    expect(verdictOf([ALLOW_ACME], 'ann@acme.com')).toBe('allow staff');
    expect(decideBy([ALLOW_ACME], 'ann@acme.com')).toMatchObject({ verdict: 'allow', refusedBy: null });
  });

  it('never add two rules up to what neither allows alone', () => {
    const rules = [
      '{ id: a, allow: [portal], domains: [$acme], roles: [admin], auth_methods: [okta] }',
      '{ id: b, allow: [portal], domains: [$acme], roles: [user], auth_methods: [email] }',
    ];
    expect(verdictOf(rules, 'ann@acme.com', { role: 'admin' })).toBe('deny a auth_methods');
  });

  it('let deny beat allow, wherever it stands', () => {
    const deny = '{ id: never, deny: any, domains: [acme.com] }';
    expect(verdictOf([ALLOW_ACME, deny], 'ann@acme.com')).toBe('deny never domains');
    expect(verdictOf([deny, ALLOW_ACME], 'ann@acme.com')).toBe('deny never domains');
  });

  it('refuse the whole request for one refused address, and still tell what each would get', () => {
    const decision = decideBy([ALLOW_ACME], ['ann@acme.com', 'bob@partner.io']);
    expect(decision.verdict).toBe('deny');
    expect(decision.addresses.map(brief)).toEqual(['allow staff', 'deny  no-rule']);
  });

  it('name the deny rule that stands first when several hit', () => {
    const byEmail = '{ id: mail, deny: any, emails: [ann@acme.com] }';
    const byDomain = '{ id: name, deny: [portal], domains: [acme.com] }';
    expect(verdictOf([byEmail, byDomain], 'ann@acme.com')).toBe('deny mail emails');
    expect(verdictOf([byDomain, byEmail], 'ann@acme.com')).toBe('deny name domains');
  });

  it('name the allow rule that stands first when several allow', () => {
    const rules = ['{ id: first, allow: [portal], domains: [acme.com], roles: any, auth_methods: any }', ALLOW_ACME];
    expect(verdictOf(rules, 'ann@acme.com')).toBe('allow first');
  });

  it('name the rule with the fewest failing keys when none allows, and of equals the first', () => {
    const rules = [
      '{ id: far, allow: [portal], domains: [$acme], roles: [admin], auth_methods: [okta] }',
      '{ id: near, allow: [portal], domains: [$acme], roles: [user], auth_methods: [okta] }',
      '{ id: equal, allow: [portal], domains: [$acme], roles: [admin], auth_methods: [email] }',
    ];
    expect(verdictOf(rules, 'ann@acme.com')).toBe('deny near auth_methods');
  });

  it('tell all failing keys of the nearest rule', () => {
    const ask = { role: 'admin', auth_method: 'saml', group_ids: [ANNOTATORS] } as const;
    expect(verdictOf([ALLOW_ACME], 'ann@acme.com', { ...ask, group_ids: [...ask.group_ids] })).toBe(
      'deny staff roles auth_methods groups',
    );
  });

  it('say no-caller where the token is no caller of the file, and no-rule where it is one without a rule', () => {
    expect(verdictOf([ALLOW_ACME], 'ann@acme.com', { as: { clientId: 'other' } })).toBe('deny  no-caller');
    expect(verdictOf([ALLOW_ACME], 'ann@acme.com', { as: { issuer: 'partners' } })).toBe('deny  no-caller');
    expect(verdictOf([ALLOW_ACME], 'ann@acme.com', { as: { clientId: 'other', groups: ['it'] } })).toBe(
      'deny  no-rule',
    );
  });

  it('say which deny rule hit, also to a token that is no caller', () => {
    const deny = '{ id: never, deny: any, domains: [acme.com] }';
    expect(verdictOf([ALLOW_ACME, deny], 'ann@acme.com', { as: { clientId: 'other' } })).toBe('deny never domains');
  });

  it('do not take a token for a caller because of a group that cannot be read', () => {
    const unreadable = { clientId: 'other', hasUnreadableGroups: true } as const;
    expect(verdictOf([ALLOW_ACME], 'ann@acme.com', { as: unreadable })).toBe('deny  no-caller');
  });

  it('say no-rule where only another caller is allowed', () => {
    const rules = ['{ id: it, allow: [admins], domains: [$acme], roles: any, auth_methods: any }'];
    expect(verdictOf(rules, 'ann@acme.com')).toBe('deny  no-rule');
    expect(verdictOf(rules, 'ann@acme.com', { as: { groups: ['it'] } })).toBe('allow it');
  });
});

describe('a target', () => {
  const allow = (target: string) => [`{ id: r, allow: [portal], ${target}, roles: any, auth_methods: any }`];

  it.each([
    ['ann@acme.com', 'acme.com', true],
    ['ann@ACME.com', 'acme.com', true],
    ['ann@eu.acme.com', 'acme.com', false],
    ['ann@notacme.com', 'acme.com', false],
    ['ann@acme.com.example.net', 'acme.com', false],
    ['ann@acme.co', 'acme.com', false],
    ['ann@eu.acme.com', '"*.acme.com"', true],
    ['ann@a.b.c.eu.acme.com', '"*.acme.com"', true],
    ['ann@EU.Acme.Com', '"*.acme.com"', true],
    ['ann@acme.com', '"*.acme.com"', false],
    ['ann@notacme.com', '"*.acme.com"', false],
    ['ann@eu.notacme.com', '"*.acme.com"', false],
  ])('%s is covered by %s: %s', (email, pattern, covered) => {
    expect(decideBy(allow(`domains: [${pattern}]`), email).verdict).toBe(covered ? 'allow' : 'deny');
  });

  it('of addresses ignores case on both sides, and nothing else', () => {
    const rules = allow('emails: [Ann.Lee@Partner.io]');
    expect(verdictOf(rules, 'ANN.lee@PARTNER.IO')).toBe('allow r');
    expect(verdictOf(rules, 'annlee@partner.io')).toBe('deny  no-rule');
    expect(verdictOf(rules, 'ann.lee+x@partner.io')).toBe('deny  no-rule');
  });

  it('is met by its domains or by its emails', () => {
    const rules = allow('domains: [acme.com], emails: [pat@partner.io]');
    expect(verdictOf(rules, 'ann@acme.com')).toBe('allow r');
    expect(verdictOf(rules, 'pat@partner.io')).toBe('allow r');
    expect(verdictOf(rules, 'bob@partner.io')).toBe('deny  no-rule');
  });

  it('left out of a deny rule is everybody', () => {
    expect(verdictOf(['{ id: stop, deny: any }', ALLOW_ACME], 'ann@acme.com')).toBe('deny stop deny');
  });

  it('is told by the key that hit', () => {
    const both = ['{ id: no, deny: any, domains: [acme.com], emails: [ann@acme.com] }'];
    expect(verdictOf(both, 'ann@acme.com')).toBe('deny no domains emails');
    expect(verdictOf(both, 'bob@acme.com')).toBe('deny no domains');
  });

  it.each([
    'acme.com',
    '$acme',
    'x@$acme',
    '*.acme.com',
    '@acme.com',
    'ann@acme.com@acme.com',
    'ann@acme.com\n',
    'ann@aсme.com',
    'ann@\u212Aacme.com',
    '',
  ])('is never met by %j, which is no address', (text) => {
    expect(verdictOf(allow('domains: [$acme, acme.com, "*.acme.com"], emails: [ann@acme.com]'), text)).toBe(
      'deny  no-rule',
    );
  });

  it('does not take the Kelvin sign for a k', () => {
    expect(verdictOf(allow('emails: [kim@acme.com]'), '\u212Aim@acme.com')).toBe('deny  no-rule');
  });
});

describe('the other keys', () => {
  const GROUPED = '{ id: r, allow: [portal], domains: [$acme], roles: any, auth_methods: any, groups: [$annotators] }';

  it('let an allow rule without groups allow none', () => {
    expect(verdictOf([ALLOW_ACME], 'ann@acme.com', { group_ids: [ANNOTATORS] })).toBe('deny staff groups');
  });

  it('let an allow rule pass only when it lists every group asked for', () => {
    expect(verdictOf([GROUPED], 'ann@acme.com', { group_ids: [] })).toBe('allow r');
    expect(verdictOf([GROUPED], 'ann@acme.com', { group_ids: [ANNOTATORS] })).toBe('allow r');
    expect(verdictOf([GROUPED], 'ann@acme.com', { group_ids: [ANNOTATORS, REVIEWERS] })).toBe('deny r groups');
  });

  it('compare group ids without case', () => {
    expect(verdictOf([GROUPED], 'ann@acme.com', { group_ids: [ANNOTATORS.toUpperCase()] })).toBe('allow r');
    expect(
      verdictOf([GROUPED.replace('$annotators', ANNOTATORS.toUpperCase())], 'ann@acme.com', {
        group_ids: [ANNOTATORS],
      }),
    ).toBe('allow r');
  });

  it('take any as every group there is', () => {
    const rules = [GROUPED.replace('[$annotators]', 'any')];
    expect(verdictOf(rules, 'ann@acme.com', { group_ids: [OTHER_GROUP, REVIEWERS] })).toBe('allow r');
  });

  const ANYTHING = '{ id: all, allow: [portal], domains: [$acme], roles: any, auth_methods: any, groups: any }';

  it('let a deny rule hit when any listed group is asked for, and not without one', () => {
    const rules = ['{ id: no, deny: any, groups: [$reviewers] }', ANYTHING];
    expect(verdictOf(rules, 'ann@acme.com', { group_ids: [ANNOTATORS, REVIEWERS] })).toBe('deny no groups');
    expect(verdictOf(rules, 'ann@acme.com', { group_ids: [ANNOTATORS] })).toBe('allow all');
    expect(verdictOf(rules, 'ann@acme.com')).toBe('allow all');
  });

  it('must all hold for a deny rule to hit', () => {
    const rules = ['{ id: no, deny: any, domains: [acme.com], roles: [admin], auth_methods: [okta] }', ANYTHING];
    expect(verdictOf(rules, 'ann@acme.com', { role: 'admin', auth_method: 'okta' })).toBe(
      'deny no domains roles auth_methods',
    );
    expect(verdictOf(rules, 'ann@acme.com', { role: 'admin' })).toBe('allow all');
    expect(verdictOf(rules, 'ann@acme.com', { auth_method: 'okta' })).toBe('allow all');
    expect(verdictOf(rules, 'ann@eu.acme.com', { role: 'admin', auth_method: 'okta' })).toBe('allow all');
  });

  it('match everything in a deny rule that says any', () => {
    const rules = ['{ id: no, deny: any, domains: [acme.com], roles: any, auth_methods: any, groups: any }', ANYTHING];
    expect(verdictOf(rules, 'ann@acme.com')).toBe('deny no domains');
  });

  it('until ends at 00:00 UTC of its day, for allow and for deny', () => {
    const allow = [ALLOW_ACME.replace('email] }', 'email], until: 2026-07-01 }')];
    const endMs = Date.UTC(2026, 6, 1);
    expect(verdictOf(allow, 'ann@acme.com', { nowMs: endMs - 1 })).toBe('allow staff');
    expect(verdictOf(allow, 'ann@acme.com', { nowMs: endMs })).toBe('deny  no-rule');
    const deny = ['{ id: freeze, deny: any, until: 2026-07-01 }', ALLOW_ACME];
    expect(verdictOf(deny, 'ann@acme.com', { nowMs: endMs - 1 })).toBe('deny freeze deny');
    expect(verdictOf(deny, 'ann@acme.com', { nowMs: endMs })).toBe('allow staff');
  });
});

describe('a caller with a group that cannot be read', () => {
  const policy = policyFrom(`version: 1
callers:
  portal: { issuer: corp, client_id: [hr-portal] }
  staff: { issuer: corp, groups: [staff] }
  it-users: { issuer: corp, groups: [it], kind: user }
  it-apps: { issuer: corp, groups: [it], kind: app }
  leavers: { issuer: corp, groups: [leavers] }
  elsewhere: { issuer: partners, groups: [leavers] }
rules:
  - { id: no-leavers, deny: [leavers], domains: [acme.com] }
  - { id: no-apps, deny: [it-apps], emails: [ann@apps.acme.com] }
  - { id: no-users, deny: [it-users], emails: [ann@users.acme.com] }
  - { id: not-elsewhere, deny: [elsewhere], domains: [other.acme.com] }
  - { id: portal-all, allow: [portal], domains: [acme.com, "*.acme.com"], roles: any, auth_methods: any }
  - { id: staff-all, allow: [staff], domains: [staff.io], roles: any, auth_methods: any }
  - { id: it-all, allow: [it-users], domains: [it.io], roles: any, auth_methods: any }
`);
  const ruleFor = (email: string, as: Partial<Principal>) => {
    const [first] = decide(policy, testPrincipal(as), testRequest(email), NOW_MS).addresses;
    return `${first?.decision} ${first?.rule ?? ''}`;
  };
  const suspect = { groups: ['staff'], hasUnreadableGroups: true } as const;

  it('matches every deny rule that names a caller by group, whichever group it may be', () => {
    expect(ruleFor('ann@acme.com', {})).toBe('allow portal-all');
    expect(ruleFor('ann@acme.com', suspect)).toBe('deny no-leavers');
    expect(ruleFor('ann@users.acme.com', suspect)).toBe('deny no-users');
  });

  it('matches no deny rule whose caller has another kind or issuer', () => {
    expect(ruleFor('ann@apps.acme.com', suspect)).toBe('allow portal-all');
    expect(ruleFor('ann@other.acme.com', suspect)).toBe('allow portal-all');
  });

  it('gets no rule by kind where the kind cannot be read either, and every deny rule by it', () => {
    const unclear = { groups: ['staff', 'it'], hasUnreadableKind: true } as const;
    expect(ruleFor('ann@staff.io', unclear)).toBe('allow staff-all');
    expect(ruleFor('ann@it.io', unclear)).toBe('deny ');
    expect(ruleFor('ann@it.io', { groups: ['it'] })).toBe('allow it-all');
    expect(ruleFor('ann@users.acme.com', unclear)).toBe('deny no-users');
    expect(ruleFor('ann@apps.acme.com', unclear)).toBe('deny no-apps');
    // Its groups can be read, and it is in none of these.
    expect(ruleFor('ann@acme.com', unclear)).toBe('allow portal-all');
    expect(ruleFor('ann@apps.acme.com', { groups: [], hasUnreadableKind: true })).toBe('allow portal-all');
    expect(ruleFor('ann@apps.acme.com', { ...suspect, hasUnreadableKind: true })).toBe('deny no-apps');
    expect(ruleFor('ann@other.acme.com', { ...suspect, hasUnreadableKind: true })).toBe('allow portal-all');
  });

  it('gets the allow rules of its readable groups and of no other group', () => {
    expect(ruleFor('ann@staff.io', suspect)).toBe('allow staff-all');
    expect(ruleFor('ann@it.io', suspect)).toBe('deny ');
  });

  it('is shown only what it may do', () => {
    const { rules } = describeCapabilities(policy, testPrincipal(suspect), NOW_MS);
    expect(rules.map(({ id, domains }) => [id, domains])).toEqual([
      ['portal-all', ['*.acme.com']],
      ['staff-all', ['staff.io']],
    ]);
  });
});

describe('a caller', () => {
  const policyWith = (caller: string) =>
    policyFrom(`version: 1
callers: { c: ${caller} }
rules: [{ id: r, allow: [c], domains: [acme.com], roles: any, auth_methods: any }]
`);
  const matches = (caller: string, as: Partial<Principal>) =>
    decide(policyWith(caller), testPrincipal(as), testRequest('ann@acme.com'), NOW_MS).verdict === 'allow';

  it.each<[string, string, Partial<Principal>, boolean]>([
    ['its issuer alone', '{ issuer: corp }', {}, true],
    ['another issuer', '{ issuer: partners }', {}, false],
    ['the issuer in another case', '{ issuer: corp }', { issuer: 'Corp' }, false],
    ['one of its clients', '{ issuer: corp, client_id: [a, hr-portal] }', {}, true],
    ['another client', '{ issuer: corp, client_id: [a, b] }', {}, false],
    ['the client in another case', '{ issuer: corp, client_id: [HR-Portal] }', {}, false],
    ['the right client of another issuer', '{ issuer: corp, client_id: [hr-portal] }', { issuer: 'partners' }, false],
    ['one of its subjects', '{ issuer: corp, subject: [sub-0, sub-1] }', {}, true],
    ['another subject', '{ issuer: corp, subject: [sub-0] }', {}, false],
    ['one of its groups among others', '{ issuer: corp, groups: [it, hr] }', { groups: ['staff', 'hr'] }, true],
    ['none of its groups', '{ issuer: corp, groups: [it] }', { groups: ['staff'] }, false],
    ['no groups', '{ issuer: corp, groups: [it] }', { groups: [] }, false],
    ['its kind', '{ issuer: corp, kind: app }', { kind: 'app' }, true],
    ['an app where its kind is unclear', '{ issuer: corp, kind: app }', { hasUnreadableKind: true }, false],
    ['a user where its kind is unclear', '{ issuer: corp, kind: user }', { hasUnreadableKind: true }, false],
    [
      'a group id in another case',
      '{ issuer: corp, groups: [2E1D0C9B-8A79-4685-B3C4-D5E6F7A8B9C0] }',
      { groups: ['2e1d0c9b-8a79-4685-b3c4-d5e6f7a8b9c0'] },
      true,
    ],
    [
      'a client id that is a UUID in another case',
      '{ issuer: corp, client_id: [7be4e1d2-3c58-4c2f-bb0e-0a4c5d6e7f80] }',
      { clientId: '7BE4E1D2-3C58-4C2F-BB0E-0A4C5D6E7F80' },
      true,
    ],
    [
      'a subject that is a UUID without dashes in another case',
      '{ issuer: corp, subject: [a1f6c7d890ab4cde8f0123456789abcd] }',
      { subject: 'A1F6C7D890AB4CDE8F0123456789ABCD' },
      false,
    ],
    ['another kind', '{ issuer: corp, kind: app }', { kind: 'user' }, false],
    [
      'all keys',
      '{ issuer: corp, client_id: [hr-portal], subject: [sub-1], groups: [it], kind: user }',
      { groups: ['it'] },
      true,
    ],
    [
      'all keys but the group',
      '{ issuer: corp, client_id: [hr-portal], subject: [sub-1], groups: [it] }',
      { groups: ['hr'] },
      false,
    ],
    [
      'all keys but the subject',
      '{ issuer: corp, client_id: [hr-portal], subject: [sub-2], groups: [it] }',
      { groups: ['it'] },
      false,
    ],
    [
      'all keys but the client',
      '{ issuer: corp, client_id: [x], subject: [sub-1], groups: [it] }',
      { groups: ['it'] },
      false,
    ],
    ['a group with the name of a client', '{ issuer: corp, client_id: [it] }', { groups: ['it'] }, false],
  ])('with %s: %s', (_what, caller, as, expected) => {
    expect(matches(caller, as)).toBe(expected);
  });

  it('of a client and a person in one list of each matches their every pairing, and no other', () => {
    const caller = '{ issuer: corp, client_id: [a, b], subject: [x, y] }';
    for (const clientId of ['a', 'b', 'c']) {
      for (const subject of ['x', 'y', 'z']) {
        expect(matches(caller, { clientId, subject })).toBe(clientId !== 'c' && subject !== 'z');
      }
    }
  });

  it('may be several callers at once, and the rules of all of them apply', () => {
    const rules = [
      ALLOW_ACME,
      '{ id: it, allow: [admins], domains: [partner.io], roles: any, auth_methods: any }',
      '{ id: no, deny: [admins], emails: [ann@acme.com] }',
    ];
    const as = { groups: ['it'] };
    expect(verdictOf(rules, 'bob@acme.com', { as })).toBe('allow staff');
    expect(verdictOf(rules, 'pat@partner.io', { as })).toBe('allow it');
    expect(verdictOf(rules, 'ann@acme.com', { as })).toBe('deny no emails');
    expect(verdictOf(rules, 'ann@acme.com')).toBe('allow staff');
  });
});

describe('forced values', () => {
  const OPEN = [
    '{ id: all, allow: [portal], domains: [$acme, partner.io], roles: [user], auth_methods: [okta, email], groups: any }',
  ];
  const force = (...rows: string[]) => `force: [${rows.join(', ')}]\n`;
  const OKTA = '{ id: okta, domains: [$acme], auth_method: okta }';

  it('are applied before the rules and reported', () => {
    const decision = decideBy(OPEN, 'ann@acme.com', { auth_method: 'google' }, force(OKTA));
    expect(decision).toMatchObject({
      verdict: 'allow',
      effective: { auth_method: 'okta', emails: ['ann@acme.com'], role: 'user', group_ids: [], send_email: true },
      forced: [{ rule: 'okta', field: 'auth_method', value: 'okta' }],
    });
  });

  it('cannot get anybody past a rule', () => {
    expect(verdictOf(OPEN, 'ann@acme.com', {}, force('{ id: f, domains: [$acme], role: admin }'))).toBe(
      'deny all roles',
    );
  });

  it('come field by field from the first row that names the field', () => {
    const rows = force(
      '{ id: one, emails: [ann@acme.com], send_email: false }',
      '{ id: two, domains: [$acme], send_email: true, auth_method: okta }',
      `{ id: three, domains: [$acme], auth_method: email, groups: [$reviewers] }`,
    );
    const decision = decideBy(OPEN, 'ann@acme.com', { group_ids: [ANNOTATORS] }, rows);
    expect(decision.effective).toEqual({
      auth_method: 'okta',
      emails: ['ann@acme.com'],
      role: 'user',
      group_ids: [REVIEWERS],
      send_email: false,
    });
    expect(decision.forced).toEqual([
      { rule: 'two', field: 'auth_method', value: 'okta' },
      { rule: 'three', field: 'group_ids', value: [REVIEWERS] },
      { rule: 'one', field: 'send_email', value: false },
    ]);
  });

  it('can take all groups away', () => {
    const decision = decideBy(
      OPEN,
      'ann@acme.com',
      { group_ids: [ANNOTATORS] },
      force('{ id: f, domains: [$acme], groups: [] }'),
    );
    expect(decision.effective.group_ids).toEqual([]);
  });

  it('that differ within a batch refuse it, keeping the larger part allowed', () => {
    const decision = decideBy(OPEN, ['pat@partner.io', 'ann@acme.com', 'bob@acme.com'], {}, force(OKTA));
    expect(decision).toMatchObject({ verdict: 'deny', refusedBy: 'policy', effective: { auth_method: 'okta' } });
    expect(decision.addresses.map(brief)).toEqual(['deny okta force', 'allow all', 'allow all']);
  });

  it('of the first address win a tie', () => {
    const decision = decideBy(OPEN, ['pat@partner.io', 'ann@acme.com'], {}, force(OKTA));
    expect(decision.addresses.map(brief)).toEqual(['allow all', 'deny okta force']);
    expect(decision.effective.auth_method).toBe('email');
    expect(decision.forced).toEqual([]);
  });

  it('that come to the same as what is asked let the batch pass, and are reported', () => {
    const decision = decideBy(OPEN, ['pat@partner.io', 'ann@acme.com'], { auth_method: 'okta' }, force(OKTA));
    expect(decision).toMatchObject({
      verdict: 'allow',
      forced: [{ rule: 'okta', field: 'auth_method', value: 'okta' }],
    });
  });

  it('take groups as a set', () => {
    const rows = force('{ id: f, domains: [$acme], groups: [$annotators, $reviewers] }');
    expect(
      decideBy(OPEN, ['pat@partner.io', 'ann@acme.com'], { group_ids: [REVIEWERS, ANNOTATORS] }, rows).verdict,
    ).toBe('allow');
  });

  it('of refused addresses do not count in the choice', () => {
    const rules = ['{ id: no, deny: any, emails: [x@acme.com, y@acme.com] }', ...OPEN];
    const decision = decideBy(rules, ['x@acme.com', 'y@acme.com', 'pat@partner.io'], {}, force(OKTA));
    expect(decision.addresses.map(brief)).toEqual(['deny no emails', 'deny no emails', 'allow all']);
    expect(decision.effective.auth_method).toBe('email');
  });
});

describe('limits that a request alone exceeds', () => {
  const LIMITS =
    'quotas: [{ id: batch, per: request, emails: 2 }, { id: day, per: client_id, window: 1d, emails: 3 }]\n';
  const people = (count: number) => Array.from({ length: count }, (_, index) => `p${index}@acme.com`);

  it('let the last unit pass', () => {
    expect(decideBy([ALLOW_ACME], people(2), {}, LIMITS).verdict).toBe('allow');
  });

  it('refuse every address in the name of the first quota that is exceeded', () => {
    const decision = decideBy([ALLOW_ACME], people(4), {}, LIMITS);
    expect(decision).toMatchObject({ verdict: 'deny', refusedBy: 'quota' });
    expect(new Set(decision.addresses.map(brief))).toEqual(new Set(['deny batch emails']));
  });

  it('hold for windows too', () => {
    const decision = decideBy([ALLOW_ACME], people(4), {}, LIMITS.replace('emails: 2', 'emails: 10'));
    expect(decision).toMatchObject({ verdict: 'deny', refusedBy: 'quota' });
    expect(decision.addresses.map(brief)[0]).toBe('deny day emails');
  });

  it('are told after a rule that refuses', () => {
    const decision = decideBy([ALLOW_ACME], [...people(3), 'pat@partner.io'], {}, LIMITS);
    expect(decision.refusedBy).toBe('policy');
    expect(decision.addresses.map(brief)).toEqual(['allow staff', 'allow staff', 'allow staff', 'deny  no-rule']);
  });

  it('count invitees one by one', () => {
    expect(
      decideBy([ALLOW_ACME], people(4), {}, 'quotas: [{ id: person, per: invitee, window: 1d, emails: 1 }]\n').verdict,
    ).toBe('allow');
  });
});

describe('decide', () => {
  it('knows no time but the one it is given: in one moment of the machine, a rule is over and is not', () => {
    const policy = policyFrom(EXAMPLE_POLICY);
    const at = (nowMs: number) =>
      decide(policy, testPrincipal({ groups: ['it-admins'] }), testRequest('pat@partner.io'), nowMs);
    expect(at(Date.UTC(1999, 0)).verdict).toBe('allow');
    expect(at(Date.UTC(2999, 0)).verdict).toBe('deny');
    expect(at(-Infinity)).toEqual(at(Date.UTC(1999, 0)));
  });

  it('leaves the request as it was and keeps addresses as written', () => {
    const request = Object.freeze(
      testRequest(['Ann.B@Acme.com'], { group_ids: Object.freeze([ANNOTATORS]) as string[] }),
    );
    const decision = decide(policyFrom(EXAMPLE_POLICY), testPrincipal(), request, NOW_MS);
    expect(decision.effective.emails).toEqual(['Ann.B@Acme.com']);
    expect(decision.addresses[0]?.email).toBe('Ann.B@Acme.com');
  });

  it('puts the five fields in the order in which they are sent', () => {
    const { effective } = decide(policyFrom(EXAMPLE_POLICY), testPrincipal(), testRequest('ann@acme.com'), NOW_MS);
    expect(Object.keys(effective)).toEqual(['auth_method', 'emails', 'role', 'group_ids', 'send_email']);
  });

  it('looks at no more rules and domains than concern the address, however many there are', () => {
    const rules = Array.from(
      { length: 1000 },
      (_, index) => `{ id: r${index}, allow: [portal], domains: [d${index}.example], roles: any, auth_methods: any }`,
    );
    const policy = policyFrom(`${BASE}rules: [${[...rules, ALLOW_ACME].join(', ')}]\n`);
    const table = policy.byCaller.get('portal')!.allow;
    let attempts = 0;
    class CountingMap extends Map<string, readonly Rule[]> {
      override get(selector: string) {
        attempts += 1;
        return super.get(selector);
      }
    }
    const counting = new CountingMap(table.bySelector);
    const watched = {
      ...policy,
      byCaller: new Map([
        ['portal', { deny: policy.byCaller.get('portal')!.deny, allow: { ...table, bySelector: counting } }],
      ]),
    };
    expect(decide(watched, testPrincipal(), testRequest('ann@eu.acme.com'), NOW_MS).verdict).toBe('allow');
    expect(attempts).toBeLessThan(10);
  });
});
