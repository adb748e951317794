import { expect } from 'vitest';
import type { Principal } from '../../src/auth/principal.ts';
import { decide } from '../../src/policy/evaluate.ts';
import { policyFrom, testRequest } from '../support/policy.ts';
import { NOW_S } from '../support/tokens.ts';
import type { Fields } from '../unit/auth/judge-recorded.ts';
import { principalOf, recorded } from '../unit/auth/judge-recorded.ts';
import type { Situation } from './situation.ts';

/** The groups of a caller, in the forms that providers write them, and what a policy that names groups makes of them. */
const policy = policyFrom(`version: 1
callers:
  it-admins: { issuer: corp, groups: ["it-admins^staff", it-admins, Domain Users, "Sales, EMEA", "CN=it-admins,OU=Groups,DC=acme,DC=com"] }
  leavers: { issuer: corp, groups: [leavers] }
  anyone: { issuer: corp }
rules:
  - { id: not-leavers, deny: [leavers], domains: [groups.acme.com] }
  - { id: by-group, allow: [it-admins], domains: [by-group.com], roles: any, auth_methods: any }
  - { id: by-issuer, allow: [anyone], domains: [groups.acme.com], roles: any, auth_methods: any }
`);
const mayInviteTo = (principal: Principal, domain: string): boolean =>
  decide(policy, principal, testRequest(`ann@${domain}`), NOW_S * 1000).verdict === 'allow';

const allowed = (principal: Principal): void => expect(mayInviteTo(principal, 'by-group.com')).toBe(true);
const suspected = (principal: Principal): void => expect(mayInviteTo(principal, 'groups.acme.com')).toBe(false);
const unsuspected = (principal: Principal): void => expect(mayInviteTo(principal, 'groups.acme.com')).toBe(true);
const unread = (principal: Principal): void => {
  expect(principal).toMatchObject({ groups: [], hasUnreadableGroups: true });
  suspected(principal);
};

const GRANTS_NOTHING =
  'Accepts the token. Its groups match no allow rule, and every deny rule that names a caller by group.';
const TAKES_ONE = 'Takes the text as one group.';

type GroupsRow = [
  product: string,
  sends: string,
  does: string,
  title: string,
  claims: Fields,
  groups: string | null,
  ...checks: ((principal: Principal) => void)[],
];

/** `groups` is the claim to read in place of the preset's. */
const GROUPS: GroupsRow[] = [
  [
    'AD FS',
    'one group as a text: `"group": "Domain Users"`',
    `${TAKES_ONE} Several groups come as a list. Needs \`"claims": { "groups": "group" }\`.`,
    'RFC 9068, a user',
    { group: 'Domain Users' },
    'group',
    allowed,
    unsuspected,
  ],
  [
    'AD FS, PingFederate',
    'one group as a distinguished name, from `memberOf`',
    TAKES_ONE,
    'RFC 9068, a user',
    { memberOf: 'CN=it-admins,OU=Groups,DC=acme,DC=com' },
    'memberOf',
    allowed,
    unsuspected,
  ],
  [
    'Cognito',
    'one group as a text, from a pre-token trigger (V1)',
    TAKES_ONE,
    'Cognito, a user',
    { groups: 'it-admins' },
    'groups',
    allowed,
    unsuspected,
  ],
  [
    'Cognito',
    'a list of a SAML provider as one text: `"[it-admins, staff]"`',
    GRANTS_NOTHING,
    'Cognito, a user',
    { 'custom:groups': '[it-admins, staff]' },
    'custom:groups',
    unread,
  ],
  [
    'WSO2 and others',
    'one text with commas: `"Sales, EMEA"`',
    'Takes the text as one group. It may be several, so every deny rule that names a caller by group applies too.',
    'RFC 9068, a user',
    { groups: 'Sales, EMEA' },
    null,
    allowed,
    suspected,
  ],
  [
    'SiteMinder, IBM Security Verify',
    'several groups as one text, with bars or carets between: `"it-admins^staff"`',
    'Takes the text as one group. It may be several, so every deny rule that names a caller by group applies too.',
    'RFC 9068, a user',
    { groups: 'it-admins^staff' },
    null,
    allowed,
    suspected,
  ],
  [
    'SiteMinder',
    'several distinguished names as one text: `"CN=it,DC=x^CN=contractors,DC=x"`',
    'Takes the text as one group. It may be several, so every deny rule that names a caller by group applies too.',
    'RFC 9068, a user',
    { groups: 'CN=it,DC=x^CN=contractors,DC=x' },
    null,
    suspected,
  ],
  [
    'Okta',
    'a list of groups with commas and blanks in their names',
    'Takes each as one group.',
    'Okta, a user',
    { groups: ['Sales, EMEA', 'Everyone'] },
    null,
    allowed,
    unsuspected,
  ],
  [
    'Auth0',
    'groups in a claim named by URL',
    'Reads the claim that `claims.groups` names.',
    'Auth0, a user',
    { 'https://invites.acme.com/groups': ['it-admins'] },
    'https://invites.acme.com/groups',
    allowed,
    unsuspected,
  ],
  [
    'Keycloak',
    'realm roles in `realm_access.roles`',
    'Reads the path that `claims.groups` names: `/realm_access/roles`.',
    'Keycloak, a user',
    { realm_access: { roles: ['it-admins'] } },
    '/realm_access/roles',
    allowed,
    unsuspected,
  ],
  [
    'Keycloak',
    'no `realm_access`, for a person without realm roles',
    'Takes the person as in no group.',
    'Keycloak, a user',
    { realm_access: undefined },
    '/realm_access/roles',
    unsuspected,
  ],
  [
    'Entra ID',
    '`_claim_names` in place of the groups of a person with more than 200',
    `${GRANTS_NOTHING} Logs \`token_group_unreadable\` with \`left_out\`.`,
    'Entra ID v2.0, a user',
    { groups: undefined, _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://graph' } } },
    null,
    unread,
  ],
  [
    'Entra ID',
    '`hasgroups` in place of the groups',
    `${GRANTS_NOTHING} Logs \`token_group_unreadable\` with \`left_out\`.`,
    'Entra ID v1.0, a user',
    { hasgroups: true },
    null,
    unread,
  ],
  [
    'cidaas',
    'a list of objects: `[{"groupId": "it-admins", "roles": ["ADMIN"]}]`',
    GRANTS_NOTHING,
    'RFC 9068, a user',
    { groups: [{ groupId: 'it-admins', roles: ['ADMIN'] }] },
    null,
    unread,
  ],
  [
    'ZITADEL',
    'roles as the members of an object',
    GRANTS_NOTHING,
    'RFC 9068, a user',
    { 'urn:zitadel:iam:org:project:roles': { 'it-admins': { 1234: 'acme.com' } } },
    'urn:zitadel:iam:org:project:roles',
    unread,
  ],
  [
    'providers written in Go',
    '`"groups": null` for a person without groups',
    GRANTS_NOTHING,
    'RFC 9068, a user',
    { groups: null },
    null,
    unread,
  ],
  [
    'any provider',
    'an empty list, or an empty text, of groups',
    'Takes the person as in no group.',
    'RFC 9068, a user',
    { groups: '' },
    null,
    unsuspected,
  ],
  [
    'any provider',
    'a list with empty texts among the groups',
    'Leaves them out and takes the groups.',
    'RFC 9068, a user',
    { groups: ['', 'it-admins'] },
    null,
    allowed,
    unsuspected,
  ],
  [
    'any provider',
    'one group that cannot be read among others',
    'Takes the others. Every deny rule that names a caller by group applies too.',
    'RFC 9068, a user',
    { groups: ['it-admins', 42] },
    null,
    allowed,
    suspected,
  ],
];

export const TOKEN_GROUPS: readonly Situation[] = GROUPS.map(
  ([product, sends, does, title, claims, groups, ...checks]): Situation => ({
    product,
    sends,
    does,
    async check() {
      const caller = await principalOf(recorded(title), claims, groups === null ? {} : { claims: { groups } });
      for (const expectation of checks) expectation(caller);
    },
  }),
);
