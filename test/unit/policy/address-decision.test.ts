/** The sentence about one address, for each way in which it is decided. */
import { describe, expect, it } from 'vitest';
import type { Principal } from '../../../src/auth/principal.ts';
import type { InviteUsersRequest } from '../../../src/contract/invite-users.ts';
import { decisionOnRecord } from '../../../src/policy/address-decision.ts';
import { decide } from '../../../src/policy/evaluate.ts';
import { ANNOTATORS, policyFrom, problemsOf, testPrincipal, testRequest } from '../../support/policy.ts';

const POLICY = policyFrom(`version: 1
domains: { acme: [acme.com, "*.acme.com"] }
callers: { portal: { issuer: corp, client_id: [hr-portal] } }
force: [{ id: eu-okta, domains: ["*.acme.com"], auth_method: okta }]
rules:
  - { id: never-invite, deny: any, domains: [gmail.com], note: Ask IT for partners. }
  - { id: gone, deny: any, emails: [ex-cto@acme.com] }
  - { id: no-admins, deny: any, domains: [partner.io], roles: [admin] }
  - { id: no-saml, deny: any, auth_methods: [saml] }
  - { id: staff, allow: [portal], domains: [$acme, partner.io], roles: [user, admin], auth_methods: [email, okta, saml], note: Managers are invited by IT. }
quotas:
  - { id: batch, per: request, emails: 3 }
  - { id: person, per: invitee, window: 7d, emails: 1, plus_addressing: fold }
`);

function messages(
  emails: string | string[],
  ask: Partial<InviteUsersRequest> = {},
  as: Partial<Principal> = {},
): string[] {
  return decide(POLICY, testPrincipal(as), testRequest(emails, ask), 0).addresses.map(({ message }) => message);
}

describe('the sentence about an address', () => {
  it.each<[string, Partial<InviteUsersRequest>, string]>([
    ['ann@acme.com', {}, 'ann@acme.com: allowed (rule staff). Managers are invited by IT.'],
    ['bob@gmail.com', {}, 'bob@gmail.com: not an allowed domain (rule never-invite). Ask IT for partners.'],
    ['ex-cto@acme.com', {}, 'ex-cto@acme.com: not an allowed address (rule gone).'],
    [
      'pat@partner.io',
      { role: 'admin' },
      'pat@partner.io: the role admin is not allowed for this domain (rule no-admins).',
    ],
    ['ann@acme.com', { auth_method: 'saml' }, 'ann@acme.com: the sign-in method saml is not allowed (rule no-saml).'],
    [
      'ann@acme.com',
      { role: 'manager', auth_method: 'google' },
      'ann@acme.com: the role manager and the sign-in method google are not allowed (rule staff). Managers are invited by IT.',
    ],
    [
      'ann@acme.com',
      { group_ids: [ANNOTATORS] },
      'ann@acme.com: these groups are not allowed (rule staff). Managers are invited by IT.',
    ],
    ['x@rival.io', {}, 'x@rival.io: no rule lets you invite this address.'],
  ])('names it, the reason, the rule and its note: %s %j', (email, ask, sentence) => {
    expect(messages(email, ask)).toEqual([sentence]);
  });

  it('says to a caller whom the policy does not know that it is so, and shows no note of a rule for others', () => {
    expect(messages('ann@acme.com', {}, { clientId: 'other' })).toEqual([
      'ann@acme.com: the invite policy does not know you or this app. Ask the people who run this app.',
    ]);
  });

  it('says of an address with other forced values to invite it by itself', () => {
    expect(messages(['ann@acme.com', 'bob@eu.acme.com'])[1]).toBe(
      'bob@eu.acme.com: the policy sets other values for it than for the other addresses (rule eu-okta). Invite it in a request of its own.',
    );
  });

  it('has the numbers of a limit that the request alone exceeds', () => {
    expect(messages(['a@acme.com', 'b@acme.com', 'c@acme.com', 'd@acme.com'])[3]).toBe(
      'd@acme.com: the request has 4 addresses, and the limit batch is 3 addresses in one request. Send fewer at once.',
    );
    expect(messages(['a@acme.com', 'b@acme.com', 'a+1@acme.com'])).toEqual([
      'a@acme.com: the request names this person 2 times, and the limit person is 1 invitation in 7 days for each invited person. Send fewer at once.',
      'b@acme.com: allowed (rule staff). Managers are invited by IT.',
      'a+1@acme.com: the request names this person 2 times, and the limit person is 1 invitation in 7 days for each invited person. Send fewer at once.',
    ]);
  });

  it('says that invitations are stopped where a rule is for everybody and everything', () => {
    const stopped = policyFrom('{ version: 1, rules: [{ id: stop, deny: any, note: "Back on Monday, 9:00." }] }');
    const { addresses } = decide(stopped, testPrincipal(), testRequest('ann@acme.com'), 0);
    expect(addresses[0]?.message).toBe('ann@acme.com: invitations are stopped (rule stop). Back on Monday, 9:00.');
  });

  it.each([
    [{ decision: 'allow', rule: 'staff', because: [] }, 'ann@acme.com: allowed (rule staff).'],
    [
      { decision: 'deny', rule: 'person', because: ['emails'] },
      'ann@acme.com: left out by the policy (rule person, emails).',
    ],
    [{ decision: 'deny', rule: null, because: ['no-rule'] }, 'ann@acme.com: left out by the policy (no-rule).'],
  ] as const)('has only the words of the record where only the record is left: %j', (recorded, sentence) => {
    expect(decisionOnRecord({ email: 'ann@acme.com', ...recorded }).message).toBe(sentence);
  });
});

describe('a limit that one person alone exceeds', () => {
  it('leaves only the addresses beyond it out of a lenient request', () => {
    const asked = testRequest(['a@acme.com', 'b@acme.com', 'a+1@acme.com', 'A+2@acme.com']);
    const decision = decide(POLICY, testPrincipal(), asked, 0, 'lenient');
    expect(decision).toMatchObject({
      verdict: 'allow',
      refusedBy: null,
      effective: { emails: ['a@acme.com', 'b@acme.com'] },
    });
    expect(decision.addresses.map(({ decision: verdict, rule }) => `${verdict} ${rule}`)).toEqual([
      'allow staff',
      'allow staff',
      'deny person',
      'deny person',
    ]);
  });
});

describe('a note', () => {
  const noteProblems = (note: string) =>
    problemsOf(`version: 1\nrules:\n  - { id: a, deny: any, note: ${note} }\n`).map(({ message }) => message);

  it.each([
    ['""', 'expected a sentence without blanks around it'],
    ['" Ask IT."', 'expected a sentence without blanks around it'],
    [JSON.stringify('x'.repeat(201)), 'expected at most 200 characters'],
    ['"Ask\\nIT."', 'expected one line without invisible characters'],
    ['"Ask\\u202eIT."', 'expected one line without invisible characters'],
  ])('is one short visible line: %s', (note, message) => {
    expect(noteProblems(note)).toEqual([message]);
  });

  it('may have 200 characters of any script', () => {
    expect(noteProblems(JSON.stringify('é'.repeat(200)))).toEqual([]);
  });
});
