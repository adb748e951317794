import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readPolicyFile } from '../../src/platform/node/policy/file.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import { ANNOTATORS } from '../support/policy.ts';
import { runPolicy } from '../unit/cli/policy/policy-harness.ts';
import type { Chapter, Situation } from './situation.ts';

const FILE = `version: 1
domains:
  acme: [acme.com, "*.acme.com"]
groups:
  annotators: ${ANNOTATORS}
callers:
  portal: { issuer: corp, client_id: [portal] }
rules:
  - { id: staff, allow: [portal], domains: [$acme], roles: [user], auth_methods: [okta] }
`;

const YAML_MISTAKES: Readonly<Record<string, string>> = {
  'an anchor': FILE.replace('acme: [', 'acme: &a ['),
  'a merge key': FILE.replace('{ id: staff', '{ <<: *base, id: staff'),
  'a repeated key': `${FILE}rules: []\n`,
  'a second document': `${FILE}---\n${FILE}`,
  'a tab as indentation': FILE.replace('  acme:', '\tacme:'),
  'an empty file': '',
};

/** What people write into policy files, and the sentence that says what to write instead. */
export const POLICY_FILES: Chapter = {
  title: 'Policy files',
  about:
    'What people write into policy files. A file that is unclear is refused as a whole, each mistake with its line and column and with what to write.',
  situations: [
    ...refused(
      'client_id',
      [
        ['[123456789012]', 'YAML reads this as a number: put it in quotes'],
        ['[1e10]', 'YAML reads this as a number: put it in quotes'],
        ['[0x1F]', 'YAML reads this as a number: put it in quotes'],
        ['[true]', 'YAML reads this as true or false: put it in quotes'],
        ['[null]', 'YAML reads this as nothing: put it in quotes, or remove it'],
        ['portal', 'write it as a list: [portal]'],
        ['[@portal]', 'put the value in quotes'],
        ['[a: b]', 'a text with ": " in it or with braces around it needs quotes'],
      ],
      (value) => FILE.replace('[portal] }', `${value} }`),
    ),
    taken(
      'client_id: [no, off, y]',
      'the words as texts, as YAML 1.2 does',
      FILE.replace('[portal] }', '[no, off, y] }'),
    ),
    taken(`client_id: [${ANNOTATORS}]`, 'the id as a text', FILE.replace('[portal] }', `[${ANNOTATORS}] }`)),
    ...refused(
      'domains of a set',
      [
        ['*.acme.com', 'quote it: "*.acme.com"'],
        ['münchen.de', 'Write xn--mnchen-3ya.de'],
        ['"*.münchen.de"', 'Write "*.xn--mnchen-3ya.de"'],
        ['ACME.com', 'Write acme.com'],
        ['acme.com.', 'Write acme.com'],
        ['"@acme.com"', 'Write acme.com'],
        ['https://acme.com', 'Write acme.com'],
        ['"*acme.com"', 'Write "*.acme.com"'],
        ['"**.acme.com"', 'Write "*.acme.com"'],
        ['acme', 'A domain has a dot; a set is written $acme'],
        ['ann@acme.com', 'An address belongs in emails'],
        ['"*"', 'There is no "anyone": name each domain'],
      ],
      (value) => FILE.replace('[acme.com, "*.acme.com"]', `[${value}]`),
    ),
    ...refused(
      'a rule',
      [
        ['domains: acme.com', 'write it as a list: [acme.com]'],
        ['domains: any', 'there is no "anyone": name each domain'],
        ['domains: [acme]', 'a set is written $acme'],
        ['domains: [$amce]', 'did you mean acme?'],
        ['domain: [$acme]', 'unknown key domain; did you mean domains?'],
        ['email: [ann@acme.com]', 'unknown key email; did you mean emails?'],
        ['emails: ["*@acme.com"]', 'For a whole domain, write it in domains: acme.com'],
        ['emails: ["Ann <ann@acme.com>"]', 'Write the address alone, without the name and the brackets'],
      ],
      (value) => FILE.replace('domains: [$acme]', value),
    ),
    ...refused(
      'a rule',
      [
        ['role: [user]', 'unknown key role; did you mean roles?'],
        ['roles: user', 'write it as a list: [user]'],
        ['roles: all', 'write any'],
        ['roles: [any]', 'write roles: any, without brackets'],
        ['roles: [readonly]', 'did you mean read_only?'],
      ],
      (value) => FILE.replace('roles: [user]', value),
    ),
    ...refused(
      'a rule',
      [
        ['auth_method: okta', 'unknown key auth_method; did you mean auth_methods?'],
        ['auth_methods: [azure]', 'did you mean azure-ad?'],
      ],
      (value) => FILE.replace('auth_methods: [okta]', value),
    ),
    ...refused(
      'a rule',
      [
        ['allow: any', 'an allow rule names its callers, one by one; there is no "anyone"'],
        ['allow: [Portal]', 'did you mean portal?'],
      ],
      (value) => FILE.replace('allow: [portal]', value),
    ),
    ...refused(
      'a deny rule',
      [
        ['deny: [any]', 'write deny: any, without brackets'],
        ['deny: everyone', 'write any'],
      ],
      (value) => `${FILE}  - { id: no, ${value} }\n`,
    ),
    ...refused(
      'the end of a rule',
      [
        ['until: 31.12.2026', 'Write 2026-12-31'],
        ['until: 2027-1-1', 'Write 2027-01-01'],
        ['until: 20270101', 'Write 2027-01-01'],
        ['until: 2027-02-30', 'The calendar has no such day'],
        ['until: 01/02/2027', 'Write the year first, then the month'],
        ['until: 2027-01-01T00:00:00Z', 'Write the day alone'],
        ['until: never', 'A rule without an end has no until: remove the key'],
      ],
      (value) => FILE.replace('[okta]', `[okta], ${value}`),
    ),
    {
      ...{ product: 'the end of a rule', sends: '`until: 2027-01-01`' },
      does: 'Takes it as a day, and `policy check` shows the last one: `staff: until 2027-01-01, last day 2026-12-31 (UTC)`.',
      async check() {
        const files = { 'ending.yaml': FILE.replace('[okta]', '[okta], until: 2027-01-01') };
        const { code, stdout } = await runPolicy('check ending.yaml', { files });
        expect([code, stdout]).toEqual([
          0,
          expect.stringContaining('staff: until 2027-01-01, last day 2026-12-31 (UTC)\n'),
        ]);
      },
    },
    {
      ...{ product: 'domains of a set', sends: '`xn--mnchen-3ya.de`' },
      does: 'Takes it, and `policy check` prints its letters: `xn--mnchen-3ya.de = münchen.de`.',
      async check() {
        const files = { 'letters.yaml': FILE.replace('[acme.com,', '[xn--mnchen-3ya.de,') };
        const { code, stdout } = await runPolicy('check letters.yaml', { files });
        expect([code, stdout]).toEqual([0, expect.stringContaining('xn--mnchen-3ya.de = münchen.de\n')]);
      },
    },
    ...refused(
      'top level',
      [
        ['version: "1"', 'write version: 1, without quotes'],
        ['# no version', 'begin the file with version: 1'],
      ],
      (value) => FILE.replace('version: 1', value),
    ),
    ...refused('top level', [['rule:', 'unknown key rule; did you mean rules?']], (value) =>
      FILE.replace('rules:', value),
    ),
    ...refused(
      'YAML',
      [
        ['an anchor', 'write the value out in each place'],
        ['a merge key', 'merge keys (<<) are not allowed: write the keys out in each row'],
        ['a repeated key', 'this key is here twice: keep one'],
        ['a second document', 'one document only: remove the line ---'],
        ['a tab as indentation', 'indent with spaces'],
        ['an empty file', 'the file is empty: write version: 1 and rules: [] to allow nothing'],
      ],
      (value) => YAML_MISTAKES[value] ?? FILE,
    ),
    {
      ...{ product: 'Docker, Kubernetes', sends: 'a path where nothing is mounted' },
      does: 'Refuses the start: the file cannot be read (ENOENT): there is none, and a relative path begins at the working directory.',
      async check() {
        expect(await readPolicyFile(join(tmpdir(), 'no-such-folder', 'policy.yaml'))).toMatchObject({
          message:
            'the file cannot be read (ENOENT): there is none. A relative path begins at the working directory of this process',
        });
      },
    },
    {
      ...{ product: 'Docker', sends: 'a folder, made in place of a missing file' },
      does: 'Refuses the start and says so.',
      async check() {
        expect(await readPolicyFile(tmpdir())).toMatchObject({
          message: expect.stringContaining('Docker made it because the file to mount was missing'),
        });
      },
    },
    taken('JSON', 'it, because JSON is YAML', JSON.stringify({ version: 1, rules: [] })),
    taken('Windows line ends', 'it', FILE.replaceAll('\n', '\r\n')),
  ],
};

/** Each row: what is written, and what the sentence must say. `file` puts it into a policy. */
function refused(
  product: string,
  rows: readonly (readonly [written: string, says: string])[],
  file: (written: string) => string,
): Situation[] {
  return rows.map(([written, says]) => ({
    ...{ product, sends: /^(?:an?|#) /.test(written) ? written.replace(/^# /, '') : `\`${written}\`` },
    does: `Refuses it: …${says}`,
    check() {
      const loaded = loadPolicy(file(written), { issuers: ['corp'] });
      const problems = loaded.kind === 'refused' ? loaded.problems : [];
      expect(problems.map(({ message }) => message).join('\n')).toContain(says);
      expect(problems[0]?.line).toBeGreaterThan(0);
    },
  }));
}

function taken(written: string, what: string, file: string): Situation {
  return {
    ...{ product: 'YAML', sends: /^[A-Z]/.test(written) ? written : `\`${written}\``, does: `Takes ${what}.` },
    check: () => expect(loadPolicy(file, { issuers: ['corp'] })).toMatchObject({ kind: 'loaded' }),
  };
}
