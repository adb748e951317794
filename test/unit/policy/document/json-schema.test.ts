/** docs/policy.schema.json is for editors: it accepts every policy that loads, and marks most mistakes while typing. */
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { isDomainPattern } from '../../../../src/policy/matching/domain-pattern.ts';
import { describePolicySchema } from '../../../../src/policy/document/json-schema.ts';
import { policyFileSchema } from '../../../../src/policy/document/schema.ts';
import { EXAMPLE_POLICY } from '../../../support/policy.ts';
import { policyFiles } from '../agreement/arbitraries.ts';

const root = new URL('../../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const EXAMPLES = readdirSync(new URL('examples/policies/', root)).filter((name) => name.endsWith('.yaml'));

const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true });
addFormats.default(ajv);
const validate = ajv.compile(JSON.parse(read('docs/policy.schema.json')));
const faultsOf = (value: unknown): string[] => {
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
};
const faultsIn = (text: string): string[] => faultsOf(parse(text));

describe('the JSON Schema of the policy file', () => {
  it('is the published one', () => {
    expect(JSON.parse(read('docs/policy.schema.json'))).toEqual(describePolicySchema());
  });

  it.each(EXAMPLES)('takes examples/policies/%s, which names it for editors', (name) => {
    expect(faultsIn(read(`examples/policies/${name}`))).toEqual([]);
    expect(read(`examples/policies/${name}`)).toMatch(
      /^# yaml-language-server: \$schema=\.\.\/\.\.\/docs\/policy\.schema\.json\n/,
    );
  });

  it('takes every policy that the documentation shows', () => {
    const blocks = [...read('docs/policy.md').matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text!);
    expect(blocks.length).toBeGreaterThan(5);
    expect(blocks.flatMap(faultsIn)).toEqual([]);
  });

  it('takes whatever the loader takes', () => {
    fc.assert(
      fc.property(policyFiles, (file) => {
        expect(policyFileSchema.safeParse(file).success).toBe(true);
        expect(faultsOf(file)).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes every domain pattern that the loader takes', () => {
    const label = fc.stringMatching(/^[a-z0-9-]{1,5}$/);
    const domain = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
    const pattern = fc.tuple(fc.constantFrom('', '*.', '*', '.'), domain).map((parts) => parts.join(''));
    fc.assert(
      fc.property(pattern, (text) => {
        fc.pre(isDomainPattern(text));
        expect(faultsOf({ version: 1, domains: { set: [text] }, rules: [] })).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('has a sentence for every key', () => {
    const silent = keysWithoutWords(describePolicySchema(), '');
    expect(silent).toEqual([]);
  });
});

function keysWithoutWords(schema: unknown, path: string): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const {
    properties = {},
    items,
    additionalProperties,
  } = schema as {
    properties?: Record<string, { description?: string }>;
    items?: unknown;
    additionalProperties?: unknown;
  };
  return [
    ...Object.entries(properties).flatMap(([key, inner]) => [
      ...(inner.description === undefined ? [`${path}.${key}`] : []),
      ...keysWithoutWords(inner, `${path}.${key}`),
    ]),
    ...keysWithoutWords(items, `${path}[]`),
    ...keysWithoutWords(additionalProperties, `${path}.*`),
  ];
}

/** [the mistake, the replaced text, its replacement]. The loader refuses all of them, too. */
const MISTAKES: readonly (readonly [string, string, string])[] = [
  ['no version', 'version: 1\n', ''],
  ['another version', 'version: 1', 'version: 2'],
  ['a version in quotes', 'version: 1', 'version: "1"'],
  ['a misspelt section', '\nquotas:', '\nquota:'],
  ['a misspelt key of a rule', 'auth_methods: [okta]', 'auth_method: [okta]'],
  ['a misspelt key of a caller', 'client_id: [hr-portal]', 'client_ids: [hr-portal]'],
  ['a caller without an issuer', 'hr-portal: { issuer: corp, ', 'hr-portal: { '],
  ['a role that is none', 'roles: [user, read_only]', 'roles: [user, reader]'],
  ['a role that is no list', 'roles: [user, read_only]', 'roles: user'],
  ['no roles in an allow rule', 'roles: any, ', ''],
  ['no auth methods in an allow rule', 'auth_methods: any, ', ''],
  ['an allow rule without a target', 'domains: [$acme, partner.io], ', ''],
  ['a rule that allows and denies', 'deny: any', 'deny: any, allow: [hr-portal]'],
  ['a rule that does neither', 'deny: any, ', ''],
  ['an allow rule for any', 'allow: [hr-portal]', 'allow: any'],
  ['an empty list', 'roles: [user, read_only]', 'roles: []'],
  ['a domain with a capital', 'acme:  [acme.com', 'acme:  [Acme.com'],
  ['a star inside a domain', '"*.rival.io"', '"eu.*.io"'],
  ['an e-mail address for a domain', 'partner.io]', 'pat@partner.io]'],
  ['a domain for an e-mail address', 'emails: [ex-cto@acme.com]', 'emails: [acme.com]'],
  ['a group that is no UUID', '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d', '9b1deb4d'],
  ['a UUID of another version', '9b1deb4d-3b7d-4bad', '9b1deb4d-3b7d-1bad'],
  ['a day that is none', 'until: 2027-01-01', 'until: 2027-13-01'],
  ['an end that is no day', 'until: 2027-01-01', 'until: never'],
  ['a forced value without a target', 'staff-use-okta, domains: [$acme], ', 'staff-use-okta, '],
  ['a forced row that forces nothing', ', auth_method: okta, send_email: false }', ' }'],
  ['a text for a switch', 'send_email: false }\nrules', 'send_email: "no" }\nrules'],
  ['a quota per something unknown', 'per: client_id', 'per: client'],
  ['a quota without a window', 'window: 1d, emails: 500', 'emails: 500'],
  ['a window of seconds', 'window: 1m', 'window: 30s'],
  ['a limit per request with a window', 'per: request,   emails: 50', 'per: request, window: 1d, emails: 50'],
  ['a limit per request on requests', 'per: request,   emails: 50', 'per: request, requests: 50'],
  ['a quota that counts both', 'emails: 500', 'emails: 500, requests: 5'],
  ['a quota that counts nothing', ', emails: 500', ''],
  ['a limit of zero', 'emails: 500', 'emails: 0'],
  ['plus-addressing folded per client', 'emails: 500', 'emails: 500, plus_addressing: fold'],
  ['plus-addressing switched by another word', 'emails: 3', 'emails: 3, plus_addressing: yes'],
  ['an id with a space', 'id: hr-staff', 'id: hr staff'],
  ['a test that expects nothing', 'expect: allow, ', ''],
  ['a test that expects something else', 'expect: allow', 'expect: maybe'],
  ['reasons for an allowed invite', 'by: hr-staff,', 'by: hr-staff, because: roles,'],
  ['a denied invite that sends', 'because: no-rule', 'because: no-rule, sends: { role: user }'],
];

describe('the JSON Schema points at', () => {
  it.each(MISTAKES)('%s', (_what, from, to) => {
    const broken = EXAMPLE_POLICY.replace(from, to);
    expect(broken).not.toBe(EXAMPLE_POLICY);
    expect(faultsIn(broken)).not.toEqual([]);
    expect(policyFileSchema.safeParse(parse(broken)).success).toBe(false);
  });
});
