/** The shipped policies: they load, and their own tests catch harmful edits. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../../src/policy/evaluate.ts';
import { loadPolicy } from '../../../../src/policy/load.ts';
import { EXAMPLE_POLICY, policyFrom, problemsOf } from '../../../support/policy.ts';
import { handlings, NOW_MS, principals, requests } from '../agreement/arbitraries.ts';

const root = new URL('../../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const EXAMPLES = readdirSync(new URL('examples/policies/', root)).filter((name) => name.endsWith('.yaml'));

describe('shipped policies', () => {
  it('are there', () => {
    expect(EXAMPLES).toEqual([
      'annotator-teams.yaml',
      'hr-and-partners.yaml',
      'hr-portal-only.yaml',
      'kill-switch.yaml',
      'partners-with-end-date.yaml',
    ]);
  });

  it.each(EXAMPLES)('examples/policies/%s loads and its tests hold', (name) => {
    expect(loadPolicy(read(`examples/policies/${name}`), { issuers: ['corp'] })).toMatchObject({ kind: 'loaded' });
  });

  it.each(EXAMPLES)('examples/policies/%s tests itself', (name) => {
    expect(read(`examples/policies/${name}`)).toMatch(/^tests:\n/m);
  });

  it('dev/policy.yaml loads for the stand-in issuer', () => {
    expect(loadPolicy(read('dev/policy.yaml'), { issuers: ['dev'] })).toMatchObject({ kind: 'loaded' });
  });

  it('docs/policy.md shows the policy that is tested here, word for word', () => {
    expect(read('docs/policy.md')).toContain(EXAMPLE_POLICY);
  });

  it('docs/policy.md shows only policies that load', () => {
    const blocks = [...read('docs/policy.md').matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text!);
    expect(blocks.length).toBeGreaterThan(5);
    expect(blocks.flatMap((text) => problemsOf(text))).toEqual([]);
  });
});

/** [the careless edit, the text it replaces, its replacement]. */
type Edit = readonly [what: string, from: string | RegExp, to: string];

const DANGEROUS_EDITS: readonly Edit[] = [
  ['widen a domain to its look-alikes by a typo', 'acme: [acme.com,', 'acme: [notacme.com, acme.com,'],
  ['open a whole top-level domain', '"*.acme.com"', '"*.com"'],
  ['drop the apex', 'acme: [acme.com, ', 'acme: ['],
  ['drop the sub-domains', ', "*.acme.com"', ''],
  ['drop the deny rule', /^ {2}- \{ id: never-invite.*\n/m, ''],
  ['take a domain off the deny list', 'never: [gmail.com, ', 'never: ['],
  ['take the apex off the deny list', 'rival.io, "*.rival.io"', '"*.rival.io"'],
  ['take sub-domains off the deny list', ', "*.rival.io"', ''],
  ['drop the denied address', ', emails: [ex-cto@acme.com]', ''],
  ['drop the domains of the deny rule', 'deny: any, domains: [$never], ', 'deny: any, '],
  ['deny for one caller only', 'deny: any', 'deny: [hr-portal]'],
  ['turn deny into allow', 'deny: any', 'allow: [hr-portal]'],
  ['let the deny rule end', 'emails: [ex-cto@acme.com] }', 'emails: [ex-cto@acme.com], until: 2020-01-01 }'],
  ['narrow the deny rule to one role', 'emails: [ex-cto@acme.com] }', 'emails: [ex-cto@acme.com], roles: [admin] }'],
  ['raise a role', 'roles: [user, read_only]', 'roles: [user, read_only, admin]'],
  ['allow every role', 'roles: [user, read_only]', 'roles: any'],
  ['allow a group more', 'groups: [$annotators]', 'groups: [$annotators, $reviewers]'],
  ['allow every group', 'groups: [$annotators]', 'groups: any'],
  [
    'swap two group ids',
    'reviewers: 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed',
    'reviewers: 9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d',
  ],
  ['misspell a set', 'domains: [$never]', 'domains: [$nevr]'],
  ['misspell a caller', 'allow: [hr-portal]', 'allow: [hr-protal]'],
  ['misspell an issuer', 'hr-portal: { issuer: corp', 'hr-portal: { issuer: crop'],
  ['misspell a key', 'roles: [user, read_only]', 'role: [user, read_only]'],
  ['misspell until', 'until: 2027-01-01', 'untill: 2027-01-01'],
  ['drop until', ', until: 2027-01-01', ''],
  ['put until off', 'until: 2027-01-01', 'until: 2037-01-01'],
  [
    'add the partner to the portal',
    'allow: [hr-portal], domains: [$acme]',
    'allow: [hr-portal], domains: [$acme, partner.io]',
  ],
  ['let the portal use the rule of the admins', 'allow: [it-admins]', 'allow: [it-admins, hr-portal]'],
  [
    'open the sub-domains of the partner',
    'domains: [$acme, partner.io]',
    'domains: [$acme, partner.io, "*.partner.io"]',
  ],
  ['drop the forced sign-in', 'auth_method: okta, send_email', 'send_email'],
  ['drop the forced silence', ', send_email: false }\n\nrules', ' }\n\nrules'],
  ['force another sign-in', 'auth_method: okta, send_email', 'auth_method: google, send_email'],
  ['repeat a section below', /$/, 'rules: []\n'],
];

/** The same for the other example policies, by file. */
const OTHER_EDITS: Readonly<Record<string, readonly Edit[]>> = {
  'hr-portal-only.yaml': [
    ['widen the set by a look-alike', 'staff: [acme.com,', 'staff: [notacme.com, acme.com,'],
    ['widen the set by a partner', 'staff: [acme.com,', 'staff: [partner.io, acme.com,'],
    ['drop the sub-domains', ', "*.acme.com"]', ']'],
    ['raise a role', 'roles: [user, read_only]', 'roles: [user, read_only, manager]'],
    ['open the groups', 'auth_methods: [okta] }', 'auth_methods: [okta], groups: any }'],
    ['drop the forced sign-in', 'auth_method: okta, send_email: false } #', 'send_email: false } #'],
    ['let Galileo write mails', ', send_email: false } #', ' } #'],
    ['stop folding tags', ', plus_addressing: fold', ''],
    ['misspell the fold', 'plus_addressing: fold', 'plus_adressing: fold'],
    ['drop the limit per person', /^ {2}- \{ id: person.*\n/m, ''],
    ['raise the limit per person', 'window: 7d, emails: 3', 'window: 7d, emails: 30'],
  ],
  'partners-with-end-date.yaml': [
    ['drop an end', ', until: 2027-01-01', ''],
    ['put an end off by a day', 'until: 2026-07-01', 'until: 2026-07-02'],
    ['put an end off by a year', 'until: 2026-10-01', 'until: 2027-10-01'],
    ['bring an end forward', 'until: 2027-01-01', 'until: 2026-12-31'],
    ['misspell until', 'until: 2026-07-01', 'untill: 2026-07-01'],
    ['drop the deny rule on roles', /^ {2}- \{ id: partners-only-read.*\n/m, ''],
    ['let the deny rule end', 'roles: [admin, manager, user] }', 'roles: [admin, manager, user], until: 2027-01-01 }'],
    ['take a role off the deny rule', 'roles: [admin, manager, user] }', 'roles: [admin, manager] }'],
    ['take a partner off the deny rule', '"*.acme-labs.io", example.net]', '"*.acme-labs.io"]'],
    ['take the consultant off the deny rule', ', emails: [pat@example.org], roles: [admin', ', roles: [admin'],
    ['drop the deny rule on free mail', /^ {2}- \{ id: no-free-mail.*\n/m, ''],
    ['take a free mailer off the list', 'proton.me]', 'example.com]'],
    [
      'open the consultant’s domain',
      'emails: [pat@example.org], roles: [read_only]',
      'domains: [example.org], roles: [read_only]',
    ],
    ['open a partner’s sub-domains', 'domains: [example.net], roles', 'domains: [example.net, "*.example.net"], roles'],
    [
      'let partners sign in as they like',
      'roles: [read_only], auth_methods: [email], until: 2026-07-01',
      'roles: [read_only], auth_methods: any, until: 2026-07-01',
    ],
    ['drop the forced sign-in', /^ {2}- \{ id: labs-sign-in.*\n/m, ''],
  ],
  'kill-switch.yaml': [
    ['stop one caller only', 'deny: any } #', 'deny: [any-app] } #'],
    ['stop one role only', 'deny: any } #', 'deny: any, roles: [admin] } #'],
    ['stop one domain only', 'deny: any } #', 'deny: any, domains: [acme.com] } #'],
    ['stop until a day', 'deny: any } #', 'deny: any, until: 2027-01-01 } #'],
    ['stop those with groups only', 'deny: any } #', 'deny: any, groups: [9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d] } #'],
    ['drop the stop', /^ {2}- \{ id: stop.*\n/m, '  []\n'],
  ],
  'annotator-teams.yaml': [
    [
      'give a team the other’s group',
      'groups: [$speech-annotators] }\n\nquotas',
      'groups: [$speech-annotators, $vision-annotators] }\n\nquotas',
    ],
    ['open every group to a team', 'groups: [$speech-annotators] }\n\nquotas', 'groups: any }\n\nquotas'],
    ['let both teams use one rule', 'allow: [vision-leads]', 'allow: [vision-leads, speech-leads]'],
    ['drop the deny rule on admins', /^ {2}- \{ id: nobody-joins-admins.*\n/m, ''],
    [
      'turn the admins’ id into another’s',
      '6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b',
      '3f1c8f5e-7f0a-4d55-8f0e-6a2b9c4d1e21',
    ],
    ['let agencies review', /^ {2}- \{ id: agency-never-reviews.*\n/m, ''],
    ['take an agency off the list', 'agency: [example.net, example.org]', 'agency: [example.net]'],
    [
      'raise a role',
      'roles: [user], auth_methods: [okta, email], groups: [$vision',
      'roles: [user, admin], auth_methods: [okta, email], groups: [$vision',
    ],
    [
      'allow every role',
      'roles: [user], auth_methods: [okta, email], groups: [$speech',
      'roles: any, auth_methods: [okta, email], groups: [$speech',
    ],
    ['widen the staff', 'staff: [acme.com]', 'staff: [acme.com, "*.acme.com"]'],
    ['add a partner', 'agency: [example.net,', 'agency: [partner.io, example.net,'],
    ['misspell a group', 'groups: [$admins] }\n  - { id: agency', 'groups: [$admin] }\n  - { id: agency'],
    ['drop the forced sign-in', /^ {2}- \{ id: staff-use-okta.*\n/m, ''],
  ],
};

const ALL_EDITS = Object.entries({ 'hr-and-partners.yaml': DANGEROUS_EDITS, ...OTHER_EDITS }).flatMap(([file, edits]) =>
  edits.map((edit) => [file, ...edit] as const),
);

describe('dangerous edits of the examples are caught by their own tests or at load', () => {
  it.each(ALL_EDITS)('%s: %s', (file, _what, from, to) => {
    const example = read(`examples/policies/${file}`);
    const edited = example.replace(from, to);
    expect(edited).not.toBe(example);
    expect(problemsOf(edited)).not.toEqual([]);
  });

  it('and each example is left without a problem when nothing is edited', () => {
    for (const file of EXAMPLES) expect(problemsOf(read(`examples/policies/${file}`), ['corp'])).toEqual([]);
  });
});

describe('the line that stops all invites', () => {
  const LINE = '{ version: 1, rules: [{ id: stop, deny: any }] }';

  it('is the same in the example and in the documentation', () => {
    expect(read('examples/policies/kill-switch.yaml')).toContain(LINE);
    expect(read('docs/policy.md')).toContain(LINE);
  });

  it('denies whatever anybody asks', () => {
    const stop = policyFrom(LINE);
    fc.assert(
      fc.property(principals, requests, handlings, (caller, asked, handling) => {
        const { verdict, addresses } = decide(stop, caller, asked, NOW_MS, handling);
        expect(verdict).toBe('deny');
        expect(addresses.every(({ rule }) => rule === 'stop')).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
