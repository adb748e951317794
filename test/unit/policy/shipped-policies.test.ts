/** The policies that come with the house: they load, and their own tests catch the edits that would hurt. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadPolicy } from '../../../src/policy/load.ts';
import { DESIGN_EXAMPLE, problemsOf } from '../../support/policy.ts';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const EXAMPLES = readdirSync(new URL('examples/policies/', root)).filter((name) => name.endsWith('.yaml'));

describe('shipped policies', () => {
  it('are there', () => {
    expect(EXAMPLES).toContain('hr-and-partners.yaml');
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
    expect(read('docs/policy.md')).toContain(DESIGN_EXAMPLE);
  });

  it('docs/policy.md shows only policies that load', () => {
    const blocks = [...read('docs/policy.md').matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text!);
    expect(blocks.length).toBeGreaterThan(5);
    expect(blocks.flatMap((text) => problemsOf(text))).toEqual([]);
  });
});

/** [what an inattentive hand might do, what it finds, what it writes]. */
const DANGEROUS_EDITS: readonly (readonly [string, string | RegExp, string])[] = [
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

describe('dangerous edits of the example are caught by its tests or at load', () => {
  const example = read('examples/policies/hr-and-partners.yaml');

  it.each(DANGEROUS_EDITS)('%s', (_what, from, to) => {
    const edited = example.replace(from, to);
    expect(edited).not.toBe(example);
    expect(problemsOf(edited)).not.toEqual([]);
  });
});
