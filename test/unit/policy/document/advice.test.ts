/** The finer cases of what a refusal says to write; the common ones are rows of docs/compatibility.md. */
import { parse } from 'yaml';
import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { advise } from '../../../../src/policy/document/advice/advise.ts';
import { knownKeys } from '../../../../src/policy/document/advice/known-keys.ts';
import { suggest } from '../../../../src/policy/document/advice/suggest.ts';
import { addressAdvice, domainAdvice } from '../../../../src/policy/document/advice/target-advice.ts';
import { dayAdvice, instantAdvice, windowAdvice } from '../../../../src/policy/document/advice/time-advice.ts';
import { uuidAdvice } from '../../../../src/policy/document/advice/uuid-advice.ts';
import { anyOrListAdvice, kindAdvice, wordAdvice } from '../../../../src/policy/document/advice/value-advice.ts';
import { syntaxAdvice } from '../../../../src/policy/document/advice/yaml-advice.ts';
import { readDocument } from '../../../../src/policy/document/read-document.ts';
import { policyFileSchema } from '../../../../src/policy/document/schema.ts';
import { problemsOf } from '../../../support/policy.ts';

const LOOK_ALIKE =
  'It holds a Cyrillic or Greek letter that looks like a Latin one, so it is another domain. Type it anew with the letters a-z';

describe('advice on a domain', () => {
  it.each([
    ['ａcme.com', '. Write acme.com'],
    // A Cyrillic а: its A-label would be the domain of somebody else.
    ['аcme.com', `. ${LOOK_ALIKE}`],
    ['*.αcme.com', `. ${LOOK_ALIKE}`],
    ['почта.com', '. Write xn--80a1acny.com'],
    ['*.*.acme.com', '. Write "*.acme.com"'],
    ['.acme.com', '. Write "*.acme.com"'],
    ['acme.com/', '. Write acme.com'],
    ['acme.com:443', '. Write acme.com'],
    ['HTTPS://ACME.com/a?b', '. Write acme.com'],
    [' acme.com', '. Write acme.com'],
    ['acme.com, b.com', '. Write one domain an entry'],
    ['acme.com;b.com', '. Write one domain an entry'],
    ['eu.*.com', '. Only "*." may stand before a domain, and only once'],
    ['“acme.com”', '. Write straight quotes: "'],
    ['${DOMAIN}', '. A template was not filled in: write its value'],
    ['{{ domain }}', '. A template was not filled in: write its value'],
    ['$acme', '. A set holds domains only: write them out'],
    ['ann@acme.com', '. An address belongs in emails'],
    ['https://ann@acme.com', '. An address belongs in emails'],
    ['ann＠acme.com', '. Write it in ASCII, as its A-label (xn--…)'],
    ['acme_x.com', ''],
    ['acme..com', ''],
  ])('%s says%s', (text, advice) => {
    expect(domainAdvice(text)).toBe(advice);
  });
});

describe('advice on an address', () => {
  it.each([
    ['*@acme.com', '. For a whole domain, write it in domains: acme.com'],
    ['*@*.acme.com', '. For a whole domain, write it in domains: "*.acme.com"'],
    ['ann@аcme.com', `. ${LOOK_ALIKE}`],
    ['ann@münchen.de', '. Write it in ASCII, its domain as xn--mnchen-3ya.de'],
    ['Ann <ann@acme.com>', '. Write the address alone, without the name and the brackets'],
    ['mailto:ann@acme.com', '. Remove "mailto:"'],
    ['ann@acme.com\n', '. Remove the blanks around it'],
    ['ann@acme.com, bob@acme.com', '. Write one address an entry'],
    ['$acme', '. A set belongs in domains'],
    ['acme.com', '. A domain belongs in domains'],
    ['ann@acme', ''],
  ])('%j says%s', (text, advice) => {
    expect(addressAdvice(text)).toBe(advice);
  });
});

describe('advice on a file around the policy', () => {
  it.each([
    ['apiVersion: v1\nkind: ConfigMap\ndata:\n  policy.yaml: x\n', 'Take what is under data'],
    ['version: 1\n<<<<<<< HEAD\nrules: []\n=======\nrules: [{}]\n>>>>>>> b\n', 'an unresolved merge conflict'],
    ['policy:\n  version: 1\n  rules: []\n', 'Take what is under policy'],
    ['version: 1\nrules: {{ .Values.rules }}\n', 'a template such as {{ … }} was not filled in'],
  ])('%j says %s', (text, words) => {
    expect(problemsOf(text).map(({ message }) => message)).toContainEqual(expect.stringContaining(words));
  });
});

describe('advice on a day, a moment and a window', () => {
  it.each([
    ['2027/01/31', '. Write 2027-01-31'],
    ['1.2.2027', '. Write 2027-02-01'],
    ['12/31/2026', '. Write 2026-12-31'],
    ['31-12-2026', '. Write 2026-12-31'],
    ['2027-00-10', '. The calendar has no such day'],
    ['2027-01-01 00:00:00', '. Write the day alone: the rule ends at 00:00 UTC of that day'],
    ['tomorrow', ''],
    [1_798_761_600, ''],
    [null, '. A rule without an end has no until: remove the key'],
    [{}, ''],
  ])('%j as a day says%s', (value, advice) => {
    expect(dayAdvice(value)).toBe(advice);
  });

  it('suggests no day for a text with two readings', () => {
    expect(dayAdvice('01/02/2027')).not.toContain('2027-');
  });

  it.each([
    ['2027-01-01 10:00', '. Write a time in UTC with seconds, such as 2027-01-01T09:30:00Z'],
    ['2027-01-01T10:00:00+02:00', '. Write a time in UTC with seconds, such as 2027-01-01T09:30:00Z'],
    ['01.01.2027', '. Write 2027-01-01'],
    [null, ''],
  ])('%j as a moment says%s', (value, advice) => {
    expect(instantAdvice(value)).toBe(advice);
  });

  it.each([
    [24, '. Write a unit after the number: m, h or d'],
    ['1w', '. Write 7d'],
    ['24 hours', '. Write 24h'],
    ['5min', '. Write 5m'],
    ['5w', ''],
    ['40 days', ''],
    ['30s', ''],
  ])('%j as a window says%s', (value, advice) => {
    expect(windowAdvice(value)).toBe(advice);
  });
});

describe('advice on ids, words and kinds', () => {
  it.each([
    ['{9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d}', '. Remove the braces'],
    ['9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d', '. Write it with dashes: 8-4-4-4-12 digits'],
    ['9b1deb4d-3b7d-1bad-9bdd-2b0d7b3dcb6d', '. This is a UUID of another version; Galileo’s groups have version 4'],
    ['urn:uuid:9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d', '. Remove urn:uuid:'],
    ['annotators', '. A name from groups is written $annotators'],
    ['9b1d', ''],
  ])('%s as a group says%s', (text, advice) => {
    expect(uuidAdvice(text)).toBe(advice);
  });

  it.each([
    ['clientId', ['issuer', 'client_id'], '; did you mean client_id?'],
    ['email', ['as', 'invite'], '; did you mean invite?'],
    ['expires', ['until', 'id'], '; did you mean until?'],
    ['viewer', ['user', 'read_only'], '; did you mean read_only?'],
    ['viewer', ['user', 'admin'], ''],
    ['constructor', ['user', 'admin'], ''],
  ])('%s for one of %j says%s', (word, known, said) => {
    expect(suggest(word, known)).toBe(said);
  });

  it.each([
    ['string', 12, 'client_id', ': YAML reads this as a number: put it in quotes'],
    ['array', 'any', 'subject', ': leave the key out, and every subject of the issuer matches'],
    ['array', 'any', 'constructor', ': there is no "anyone": name each one'],
    ['array', '*.acme.com', 'domains', ': write it as a list: ["*.acme.com"]'],
    ['array', 'ann@acme.com', 'emails', ': write it as a list, in brackets'],
    ['array', null, 'tests', ': this key is empty: write a value, or remove the key'],
    ['boolean', 'no', 'send_email', ': write true or false, without quotes (no, off and 0 are not false in YAML 1.2)'],
    ['string', undefined, 'x', ': YAML reads this as nothing: put it in quotes, or remove it'],
    ['unheard', 1, 'x', ''],
  ])('%s expected and %j given for %s says%s', (wanted, value, key, advice) => {
    expect(kindAdvice(wanted, value, key)).toBe(advice);
  });

  it('says how to write any, a list of one and no groups', () => {
    expect(['everybody', true, '$acme', 'none', null, 3].map((value) => anyOrListAdvice(value, 'groups'))).toEqual([
      ': write any',
      ': write any',
      ': write it as a list: [$acme]',
      ': leave the key out',
      ': this key is empty: write a value, or remove the key',
      '',
    ]);
  });

  it('says any only where any may be written', () => {
    expect(wordAdvice('any', ['admin'], 'roles')).toContain('write roles: any');
    expect(wordAdvice('any', ['admin'], 'role')).toBe('');
    expect(wordAdvice(['admin'], ['admin'], 'role')).toBe(': write one of them, without brackets');
  });

  it('knows the keys of each part of a policy', () => {
    expect(knownKeys(policyFileSchema, [])).toContain('quotas');
    expect(knownKeys(policyFileSchema, ['rules', 3])).toContain('auth_methods');
    expect(knownKeys(policyFileSchema, ['callers', 'portal'])).toContain('client_id');
    expect(knownKeys(policyFileSchema, ['tests', 0, 'sends'])).toContain('role');
    expect(knownKeys(policyFileSchema, ['nowhere', 'at', 'all'])).toEqual([]);
    expect(knownKeys(z.string(), [])).toEqual([]);
  });

  it('has nothing to add to a mistake of YAML that it does not know', () => {
    expect(syntaxAdvice('Unheard of')).toBe('');
  });
});

describe('a suggestion', () => {
  it('is made for the first hundred unknown names only, so that a long file costs no more', () => {
    const sets = Array.from({ length: 2000 }, (_, index) => `  set-${index}: [acme.com]\n`).join('');
    const names = Array.from({ length: 2000 }, (_, index) => `$sett-${index}`).join(', ');
    const file = `version: 1\ndomains:\n${sets}rules:\n  - { id: no, deny: any, domains: [${names}] }\n`;
    const read = readDocument(parse(file), { issuers: ['corp'] });
    const problems = read.kind === 'refused' ? advise(read.problems, parse(file)) : [];
    const messages = problems.map(({ message }) => message);
    expect([messages.length, messages.filter((message) => message.includes('did you mean')).length]).toEqual([
      2000, 100,
    ]);
  });
});

describe('no advice', () => {
  const HEAD = 'version: 1\ncallers:\n  portal: { issuer: corp, client_id: [portal] }\nrules:\n';
  const rule = (text: string): string => `${HEAD}  - { id: staff, ${text} }\n`;
  const test = (text: string): string => `version: 1\nrules: []\ntests:\n  - { as: portal, ${text} }\n`;

  it.each([
    ...[
      'ann@acme.com',
      '"@ann@acme.com"',
      '"https://ann@acme.com/"',
      '"Ann <ann@acme.com>"',
      '"ann＠acme.com"',
    ].flatMap((text) => [
      ...['allow', 'deny', 'domains', 'roles', 'auth_methods', 'groups', 'until'].flatMap((key) => [
        rule(`${key}: ${text}`),
        rule(`${key}: [${text}]`),
      ]),
      rule(`${text}: 1`),
      test(`invite: a@b.com, role: ${text}, expect: ${text}, at: ${text}`),
      `version: ${text}\nrules: []\n`,
      `version: 1\nrules: ${text}\n`,
      `version: 1\ngroups: { a: ${text} }\nrules: []\n`,
      `version: 1\ncallers: { portal: { issuer: ${text}, kind: ${text}, subject: ${text} } }\nrules: []\n`,
      `version: 1\nrules: []\nquotas: [{ id: ${text}, per: ${text}, window: ${text}, emails: ${text} }]\n`,
    ]),
    rule('domains: [*ann@acme.com]'),
    rule('domains: *ann@acme.com'),
    `${HEAD}  - <<: *ann@acme.com\n`,
  ])('repeats an address: %j', (text) => {
    const problems = problemsOf(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(problems)).not.toMatch(/ann[@＠]|Ann/);
  });
});
