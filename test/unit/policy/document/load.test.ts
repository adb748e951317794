import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../../src/lib/canonical-json.ts';
import { sha256Hex } from '../../../../src/lib/sha256.ts';
import { MAX_POLICY_BYTES } from '../../../../src/policy/document/document-size.ts';
import { loadPolicy } from '../../../../src/policy/load.ts';
import { ANNOTATORS, EXAMPLE_POLICY, policyFrom, problemsOf, testPrincipal } from '../../../support/policy.ts';
import { describeCapabilities } from '../../../../src/policy/capabilities/capabilities.ts';

/** A whole file with one section replaced or added. The parts are on known lines. */
const HEAD = `version: 1
domains:
  acme: [acme.com, "*.acme.com"]
groups:
  annotators: ${ANNOTATORS}
callers:
  portal: { issuer: corp, client_id: [portal] }
`;
const RULES = `rules:
  - { id: staff, allow: [portal], domains: [$acme], roles: [user], auth_methods: [okta] }
`;
const FILE = HEAD + RULES;

const firstProblem = (text: string) => {
  const [first] = problemsOf(text);
  return first && `${first.line}:${first.column} ${first.message}`;
};

describe('a policy with characters that a reviewer does not see', () => {
  it.each([
    ['in a comment', `${HEAD}# staff\u202e only\n${RULES}`, '8:8'],
    ['in a name of a caller', FILE.replace('[portal] }\n', '["por\u200btal"] }\n'), '7:43'],
    ['in a group, as an escape', FILE.replace('client_id: [portal]', 'groups: ["it\\u2066"]'), '7:36'],
    ['in a domain', FILE.replace('[acme.com,', '[acme.com\u3164,'), '3:18'],
    ['between the lines', FILE.replace('rules:', '\u2028rules:'), '8:1'],
  ])('is refused with the place: %s', (_name, text, place) => {
    expect(firstProblem(text)).toMatch(new RegExp(`^${place} .*invisible character`));
  });

  it('names the code point', () => {
    expect(firstProblem(`${FILE}# \u{e0041}`)).toContain('U+E0041');
  });

  it('takes line ends, tabs in comments, emoji and letters of every script', () => {
    expect(problemsOf(`${FILE}# \u26a0\ufe0f\t管理者 नमस्ते\n`.replaceAll('\n', '\r\n'))).toEqual([]);
  });
});

describe('loading a policy', () => {
  it('takes the example of the design word for word', () => {
    expect(problemsOf(EXAMPLE_POLICY)).toEqual([]);
  });

  it('has the SHA-256 of the canonical JSON of the parsed file as its digest', () => {
    const parsed = {
      version: 1,
      domains: { acme: ['acme.com', '*.acme.com'] },
      groups: { annotators: ANNOTATORS },
      callers: { portal: { issuer: 'corp', client_id: ['portal'] } },
      rules: [{ id: 'staff', allow: ['portal'], domains: ['$acme'], roles: ['user'], auth_methods: ['okta'] }],
    };
    expect(policyFrom(FILE).digest).toBe(sha256Hex(canonicalJson(parsed)));
  });

  it('gives the same digest to the same policy however it is laid out, and another to any other', () => {
    const digest = policyFrom(FILE).digest;
    expect(policyFrom(`# a comment\n${RULES}${HEAD}`).digest).toBe(digest);
    expect(policyFrom(FILE.replace('roles: [user]', 'roles: [admin]')).digest).not.toBe(digest);
  });

  it('takes a file that allows nothing, which is how everything is stopped', () => {
    expect(problemsOf('version: 1\nrules: []\n')).toEqual([]);
  });

  it('reads an end date as plain text, as YAML 1.2 does', () => {
    const policy = policyFrom(FILE.replace('auth_methods: [okta]', 'auth_methods: [okta], until: 2027-01-01'));
    const { rules } = describeCapabilities(policy, testPrincipal({ clientId: 'portal' }), 0);
    expect(rules.map(({ until }) => until)).toEqual(['2027-01-01']);
  });

  it('tells every problem at once, in the order of the file', () => {
    const problems = problemsOf(`version: 2
domains:
  acme: [ACME.com]
rules:
  - { id: a, deny: any, roles: [boss] }
  - { id: b }
extra: 1
`);
    expect(problems.map(({ line, column }) => [line, column])).toEqual([
      [1, 10],
      [3, 10],
      [5, 33],
      [6, 5],
      [7, 1],
    ]);
  });

  it('stops counting problems at a hundred', () => {
    const rows = Array.from({ length: 500 }, (_, index) => `  - { id: r${index}, deny: nobody }\n`);
    expect(problemsOf(`version: 1\nrules:\n${rows.join('')}`)).toHaveLength(100);
  });

  it('never repeats an address in a message', () => {
    const texts = [
      FILE.replace('[$acme]', '[ann@acme.com]'),
      FILE.replace('domains: [$acme]', 'emails: ["ann@acme.com "]'),
      FILE.replace('allow: [portal]', 'allow: [ann@acme.com]'),
      `${FILE}ann@acme.com: 1\n`,
      `${FILE}"ann@acme.com" "ann@acme.com"\n`,
      `${FILE}extra: |ann@acme.com\n`,
      `${FILE}extra: "\\Uann@acme.com"\n`,
      `${FILE}extra: [a]]ann@acme.com\n`,
      `${FILE}extra: "a\nann@acme.com"\n`,
      `${FILE}tests:\n  - { as: portal, invite: ann@acme.com, role: admin, auth_method: okta, expect: allow }\n`,
    ];
    for (const text of texts) {
      const problems = problemsOf(text);
      expect(problems.length).toBeGreaterThan(0);
      expect(JSON.stringify(problems)).not.toContain('ann@');
    }
  });
});

/** [the mistake, the text, line:column and message of the first problem]. */
const REFUSALS: readonly (readonly [string, string, string])[] = [
  // The file as a whole
  ['an empty file', '', '1:1 the file is empty'],
  ['a file of comments', '# nothing\n', '1:1 the file is empty'],
  ['a list for a file', '- a\n', '1:1 expected object, received array'],
  ['no version', RULES, '1:1 missing key: version'],
  ['another version', FILE.replace('version: 1', 'version: 2'), '1:10 expected 1'],
  ['a version in quotes', FILE.replace('version: 1', 'version: "1"'), '1:10 expected 1'],
  ['no rules', HEAD, '1:1 missing key: rules'],
  ['a misspelt section', `${FILE}quota: []\n`, '10:1 unknown key'],
  ['an empty section', `${FILE}tests:\n`, '10:7 expected array, received null'],
  ['text after the end', `${FILE}}\n`, '10:1 not YAML: Unexpected flow-map-end token in YAML stream'],
  // Sets and groups
  ['a domain with capitals', FILE.replace('[acme.com,', '[Acme.com,'), '3:10 expected a domain in lower-case ASCII'],
  [
    'a domain with a trailing dot',
    FILE.replace('[acme.com,', '[acme.com.,'),
    '3:10 expected a domain in lower-case ASCII',
  ],
  ['a lone *', FILE.replace('"*.acme.com"', '"*"'), '3:20 expected a domain in lower-case ASCII'],
  ['a lone *.', FILE.replace('"*.acme.com"', '"*."'), '3:20 expected a domain in lower-case ASCII'],
  ['a * inside a domain', FILE.replace('"*.acme.com"', '"eu.*.com"'), '3:20 expected a domain in lower-case ASCII'],
  ['a * glued to a name', FILE.replace('"*.acme.com"', '"*acme.com"'), '3:20 expected a domain in lower-case ASCII'],
  ['a domain of one label', FILE.replace('[acme.com,', '[acme,'), '3:10 expected a domain in lower-case ASCII'],
  [
    'a domain with an underscore',
    FILE.replace('[acme.com,', '[ac_me.com,'),
    '3:10 expected a domain in lower-case ASCII',
  ],
  [
    'a label that starts with a hyphen',
    FILE.replace('[acme.com,', '[-acme.com,'),
    '3:10 expected a domain in lower-case ASCII',
  ],
  [
    'a domain that is not ASCII',
    FILE.replace('[acme.com,', '[аcme.com,'),
    '3:10 expected a domain in lower-case ASCII',
  ],
  [
    'a label that is too long',
    FILE.replace('[acme.com,', `[${'a'.repeat(64)}.com,`),
    '3:10 expected a domain in lower-case ASCII',
  ],
  ['a set inside a set', FILE.replace('"*.acme.com"', '$acme'), '3:20 expected a domain in lower-case ASCII'],
  ['an empty set', FILE.replace('[acme.com, "*.acme.com"]', '[]'), '3:9 expected at least one entry'],
  ['a group that is no UUID', FILE.replace(ANNOTATORS, 'annotators'), '5:15 expected a version 4 UUID'],
  ['a group of another UUID version', FILE.replace('-4bad-', '-1bad-'), '5:15 expected a version 4 UUID'],
  ['a set with an odd name', FILE.replace('acme:', '"a cme":').replace('$acme', 'acme.com'), '3:3 expected a name'],
  // Callers
  ['a caller without an issuer', FILE.replace('issuer: corp, ', ''), '7:11 missing key: issuer'],
  [
    'an unknown issuer',
    FILE.replace('issuer: corp', 'issuer: crop'),
    '7:21 unknown issuer "crop" (known: corp, partners)',
  ],
  ['a misspelt caller key', FILE.replace('client_id:', 'client_ids:'), '7:27 unknown key'],
  [
    'a client that is a number',
    FILE.replace('client_id: [portal]', 'client_id: [42]'),
    '7:39 expected string, received number',
  ],
  [
    'a caller without any client',
    FILE.replace('client_id: [portal]', 'client_id: []'),
    '7:38 expected at least one entry',
  ],
  ['a caller named any', FILE.replace('portal:', 'any:'), '7:3 any is a word of the language'],
  // Rules
  ['a rule without an id', FILE.replace('id: staff, ', ''), '9:5 missing key: id'],
  [
    'a rule that neither allows nor denies',
    FILE.replace('allow: [portal], ', ''),
    '9:5 a rule has exactly one of allow and deny',
  ],
  [
    'a rule that does both',
    FILE.replace('allow:', 'deny: any, allow:'),
    '9:5 a rule has exactly one of allow and deny',
  ],
  ['allow: any', FILE.replace('allow: [portal]', 'allow: any'), '9:25 expected array, received string'],
  [
    'allow: [any]',
    FILE.replace('allow: [portal]', 'allow: [any]'),
    '9:26 unknown caller "any" (an allow rule names its callers)',
  ],
  [
    'an unknown caller in allow',
    FILE.replace('allow: [portal]', 'allow: [portal, protal]'),
    '9:34 unknown caller "protal" (known: portal)',
  ],
  ['an unknown caller in deny', `${FILE}  - { id: no, deny: [protal] }\n`, '10:22 unknown caller "protal"'],
  ['deny: all', `${FILE}  - { id: no, deny: all }\n`, '10:21 expected a list, or any'],
  [
    'an allow rule without a target',
    FILE.replace('domains: [$acme], ', ''),
    '9:5 an allow rule needs domains or emails',
  ],
  ['an allow rule without roles', FILE.replace('roles: [user], ', ''), '9:5 an allow rule needs roles'],
  [
    'an allow rule without auth_methods',
    FILE.replace(', auth_methods: [okta]', ''),
    '9:5 an allow rule needs auth_methods',
  ],
  ['an empty list of domains', FILE.replace('[$acme]', '[]'), '9:44 expected at least one entry'],
  ['an unknown set', FILE.replace('$acme', '$amce'), '9:45 unknown domain set "amce" (known: acme)'],
  [
    'a set named like a property of every object',
    FILE.replace('$acme', '$constructor'),
    '9:45 unknown domain set "constructor"',
  ],
  [
    'an unknown group',
    FILE.replace('[okta]', '[okta], groups: [$annotator]'),
    '9:99 unknown group "annotator" (known: annotators)',
  ],
  ['an unknown role', FILE.replace('roles: [user]', 'roles: [owner]'), '9:61 expected one of'],
  ['a role list that is a word', FILE.replace('roles: [user]', 'roles: all'), '9:60 expected a list, or any'],
  ['an unknown auth method', FILE.replace('[okta]', '[oidc]'), '9:83 expected one of'],
  ['role for roles', FILE.replace('roles:', 'role:'), '9:5 an allow rule needs roles'],
  ['role for roles in a deny rule', `${FILE}  - { id: no, deny: any, role: [admin] }\n`, '10:26 unknown key'],
  [
    'an entry in emails that is no address',
    FILE.replace('domains: [$acme]', 'emails: [acme.com]'),
    '9:44 expected an e-mail address',
  ],
  ['a set in emails', FILE.replace('domains: [$acme]', 'emails: [$acme]'), '9:44 expected an e-mail address'],
  ['an address in domains', FILE.replace('[$acme]', '[ann@acme.com]'), '9:45 expected $set, a domain'],
  [
    'a whole top-level domain in an allow rule',
    FILE.replace('[$acme]', '["*.com"]'),
    '9:45 an allow rule cannot open a whole top-level domain',
  ],
  [
    'a set with a top-level domain in an allow rule',
    FILE.replace('"*.acme.com"', '"*.com"'),
    '9:45 an allow rule cannot open a whole top-level domain',
  ],
  [
    'a day that is not in the calendar',
    FILE.replace('[okta]', '[okta], until: 2027-02-29'),
    '9:97 expected a day of the calendar',
  ],
  [
    'an end with a time',
    FILE.replace('[okta]', '[okta], until: 2027-01-01T00:00:00Z'),
    '9:97 expected a day of the calendar',
  ],
  ['an end that is a number', FILE.replace('[okta]', '[okta], until: 20270101'), '9:97 '],
  [
    'an empty list of groups in a deny rule',
    `${FILE}  - { id: no, deny: any, groups: [] }\n`,
    '10:34 expected at least one entry',
  ],
  ['an id used twice', `${FILE}  - { id: staff, deny: any }\n`, '10:11 id "staff" is taken'],
  [
    'an id used by a rule and a quota',
    `${FILE}quotas:\n  - { id: staff, per: request, emails: 1 }\n`,
    '11:11 id "staff" is taken',
  ],
  ['an id with a space', FILE.replace('id: staff', 'id: my staff'), '9:11 expected a name'],
  // Force
  [
    'a forced value without a target',
    `${FILE}force:\n  - { id: f, role: user }\n`,
    '11:5 a forced value needs domains or emails',
  ],
  ['a force row that forces nothing', `${FILE}force:\n  - { id: f, domains: [$acme] }\n`, '11:5 nothing is forced'],
  [
    'send_email in words',
    `${FILE}force:\n  - { id: f, domains: [$acme], send_email: no }\n`,
    '11:44 expected boolean, received string',
  ],
  [
    'an unknown set in force',
    `${FILE}force:\n  - { id: f, domains: [$x], role: user }\n`,
    '11:24 unknown domain set "x"',
  ],
  [
    'an unknown group in force',
    `${FILE}force:\n  - { id: f, domains: [$acme], groups: [$x] }\n`,
    '11:41 unknown group "x"',
  ],
  // Quotas
  [
    'a quota without a window',
    `${FILE}quotas:\n  - { id: q, per: subject, emails: 1 }\n`,
    '11:5 a quota per subject needs a window',
  ],
  [
    'a quota that counts both',
    `${FILE}quotas:\n  - { id: q, per: org, window: 1d, emails: 1, requests: 1 }\n`,
    '11:5 a quota has exactly one',
  ],
  [
    'a quota that counts nothing',
    `${FILE}quotas:\n  - { id: q, per: org, window: 1d }\n`,
    '11:5 a quota has exactly one',
  ],
  [
    'a limit per request with a window',
    `${FILE}quotas:\n  - { id: q, per: request, window: 1d, emails: 1 }\n`,
    '11:36 a limit per request has no window',
  ],
  [
    'requests per request',
    `${FILE}quotas:\n  - { id: q, per: request, requests: 1 }\n`,
    '11:38 a limit per request counts emails',
  ],
  [
    'a quota per caller',
    `${FILE}quotas:\n  - { id: q, per: caller, window: 1d, emails: 1 }\n`,
    '11:19 expected one of',
  ],
  [
    'a window of 32 days',
    `${FILE}quotas:\n  - { id: q, per: org, window: 32d, emails: 1 }\n`,
    '11:32 expected a window from 1m to 31d',
  ],
  [
    'a window of seconds',
    `${FILE}quotas:\n  - { id: q, per: org, window: 30s, emails: 1 }\n`,
    '11:32 expected a window from 1m to 31d',
  ],
  [
    'a window of nothing',
    `${FILE}quotas:\n  - { id: q, per: org, window: 0m, emails: 1 }\n`,
    '11:32 expected a window from 1m to 31d',
  ],
  [
    'plus-addressing folded where no address is told apart',
    `${FILE}quotas:\n  - { id: q, per: client_id, window: 1d, emails: 1, plus_addressing: fold }\n`,
    '11:70 only a quota per invitee',
  ],
  [
    'plus-addressing switched by another word',
    `${FILE}quotas:\n  - { id: q, per: invitee, window: 1d, emails: 1, plus_addressing: true }\n`,
    '11:68 expected one of',
  ],
  [
    'more forced groups than a request may have',
    `${FILE}force:\n  - { id: f, domains: [acme.com], groups: [${Array.from({ length: 101 }, () => ANNOTATORS).join(', ')}] }\n`,
    '11:43 expected at most 100 groups: one request goes to Galileo',
  ],
  ['a limit of zero', `${FILE}quotas:\n  - { id: q, per: request, emails: 0 }\n`, '11:36 expected at least 1'],
  [
    'a limit with a fraction',
    `${FILE}quotas:\n  - { id: q, per: request, emails: 1.5 }\n`,
    '11:36 expected a whole number',
  ],
  // Tests
  [
    'a test as an unknown caller',
    `${FILE}tests:\n  - { as: protal, invite: a@acme.com, expect: deny }\n`,
    '11:11 unknown caller "protal"',
  ],
  [
    'a test without an expectation',
    `${FILE}tests:\n  - { as: portal, invite: a@acme.com }\n`,
    '11:5 missing key: expect',
  ],
  [
    'a test with a misspelt key',
    `${FILE}tests:\n  - { as: portal, invite: a@acme.com, expects: deny, expect: deny }\n`,
    '11:39 unknown key',
  ],
  [
    'a test with an unknown group',
    `${FILE}tests:\n  - { as: portal, invite: a@acme.com, groups: [$x], expect: deny }\n`,
    '11:48 unknown group "x"',
  ],
  [
    'a test at no moment',
    `${FILE}tests:\n  - { as: portal, invite: a@acme.com, at: noon, expect: deny }\n`,
    '11:43 expected YYYY-MM-DD',
  ],
  [
    'reasons for an allowed invite',
    `${FILE}tests:\n  - { as: portal, invite: a@acme.com, expect: allow, because: roles }\n`,
    '11:63 only a denial has reasons',
  ],
  [
    'values sent for a denied invite',
    `${FILE}tests:\n  - { as: portal, invite: a@acme.com, expect: deny, sends: { role: user } }\n`,
    '11:60 a denied invite sends nothing',
  ],
  [
    'a test that expects too much',
    `${FILE}tests:\n  - { as: portal, invite: a@acme.com, expect: allow }\n`,
    '11:47 test failed: expected allow, got deny by staff (auth_methods)',
  ],
  [
    'a test that expects too little',
    `${FILE}tests:\n  - { as: portal, invite: a@acme.com, auth_method: okta, expect: deny }\n`,
    '11:66 test failed: expected deny, got allow by staff',
  ],
  [
    'a test that names another rule',
    `${FILE}tests:\n  - { as: portal, invite: a@acme.com, expect: deny, by: other }\n`,
    '11:57 test failed: expected deny by other, got deny by staff (auth_methods)',
  ],
  [
    'a test that names other reasons',
    `${FILE}tests:\n  - { as: portal, invite: a@acme.com, role: admin, expect: deny, because: [roles] }\n`,
    '11:75 test failed: expected roles, got deny by staff (roles, auth_methods)',
  ],
  [
    'a test that expects other values',
    `${FILE}tests:\n  - { as: portal, invite: a@acme.com, auth_method: okta, expect: allow, sends: { send_email: false } }\n`,
    '11:80 test failed: expected to send send_email false, got true',
  ],
];

describe('a policy is refused, with line and column, for', () => {
  it.each(REFUSALS)('%s', (_what, text, problem) => {
    expect(firstProblem(text)).toContain(problem);
  });
});

describe('hostile YAML', () => {
  const KINDS: readonly (readonly [string, string, string])[] = [
    [
      'an alias',
      FILE.replace('acme: [', 'acme: &a [').replace('groups:\n', 'groups: *a\n#'),
      '3:9 anchors are not allowed',
    ],
    ['an alias without its anchor', FILE.replace('[$acme]', '*a'), '9:44 aliases are not allowed'],
    ['an anchor nobody uses', FILE.replace('rules:\n', 'rules: &r\n'), '8:8 anchors are not allowed'],
    ['a tag of its own', FILE.replace('version: 1', 'version: !v 1'), '1:10 tags are not allowed'],
    ['a tag of YAML itself', FILE.replace('version: 1', 'version: !!int "1"'), '1:10 tags are not allowed'],
    ['a non-specific tag', FILE.replace('version: 1', 'version: ! 1'), '1:10 tags are not allowed'],
    ['a directive to read it as YAML 1.1', `%YAML 1.1\n---\n${FILE}`, '1:1 directives are not allowed'],
    ['a tag directive', `%TAG ! tag:example.com,2026:\n---\n${FILE}`, '1:1 directives are not allowed'],
    [
      'a text that begins like a directive',
      FILE.replace('version: 1', 'version: %1'),
      '1:10 not YAML: Plain value cannot start with directive indicator',
    ],
    ['a text that begins like an alias', '--- |\n*a\n', '1:5 expected object, received string'],
    ['a merge key', FILE.replace('{ id: staff', '{ <<: { deny: any }, id: staff'), '9:7 unknown key'],
    ['a repeated key', `${FILE}rules: []\n`, '10:1 this key is here twice'],
    [
      'a repeated key inside a flow mapping',
      FILE.replace('roles: [user]', 'roles: [user], roles: any'),
      '9:68 this key is here twice',
    ],
    [
      'a key repeated in another spelling',
      FILE.replace('version: 1', 'version: 1\n"version": 1'),
      '2:1 this key is here twice',
    ],
    ['a key __proto__', `${FILE}__proto__: { rules: [] }\n`, '10:1 this cannot be a key'],
    ['a set named __proto__', FILE.replace('acme: [', '__proto__: ['), '3:3 this cannot be a key'],
    [
      'a rule key __proto__',
      FILE.replace('{ id: staff', '{ __proto__: { deny: any }, id: staff'),
      '9:7 this cannot be a key',
    ],
    ['a key that is a list', `${FILE}? [a, b]\n: 1\n`, '10:3 not YAML'],
    ['two documents', `${FILE}---\n${FILE}`, '10:1 one document only'],
    ['half a surrogate pair', FILE.replace('[portal] }', '["\\uD800"] }'), '7:39 this has no JSON form'],
    ['infinity', FILE.replace('version: 1', 'version: .inf'), '1:10 this has no JSON form'],
    ['not a number', FILE.replace('version: 1', 'version: .nan'), '1:10 this has no JSON form'],
    ['a tab for indentation', FILE.replace('  acme:', '\tacme:'), '3:1 not YAML'],
    ['an open bracket', FILE.replace('"*.acme.com"]', '"*.acme.com"'), ' not YAML'],
    ['an open quote', FILE.replace('"*.acme.com"]', '"*.acme.com]'), ' not YAML'],
    ['a NUL', FILE.replace('acme.com', 'ac\0me.com'), '3:12 an invisible character, U+0000'],
  ];
  it.each(KINDS)('%s is refused', (_what, text, problem) => {
    expect(firstProblem(text)).toContain(problem);
  });

  it.each([
    ['brackets', '['.repeat(100_000), 'nested deeper than 16 levels'],
    ['braces', '{a: '.repeat(100_000), 'nested deeper than 16 levels'],
    ['dashes', '- '.repeat(100_000), 'nested deeper than 16 levels'],
    ['question marks', '? '.repeat(100_000), 'nested deeper than 16 levels'],
    [
      'indentation',
      Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join(''),
      'nested deeper than 16 levels',
    ],
    ['length', `${FILE}#${'x'.repeat(4 * 1024 * 1024)}\n`, 'the file is longer than 4194304 characters'],
    ['documents', '---\n'.repeat(100_000), 'one document only'],
  ])('endless %s are refused, not suffered', (_what, text, message) => {
    expect(firstProblem(text)).toContain(message);
  });

  it('a billion laughs are refused at the first', () => {
    const laughs = Array.from(
      { length: 9 },
      (_, index) => `a${index + 1}: &a${index + 1} [*a${index},*a${index},*a${index}]`,
    );
    expect(firstProblem(`a0: &a0 [lol]\n${laughs.join('\n')}\n`)).toContain('1:5 anchors are not allowed');
  });

  it('words that YAML 1.1 read as booleans stay words', () => {
    expect(problemsOf(FILE.replace('[portal] }', '[on, yes, y, n] }'))).toEqual([]);
  });

  it('nothing of it reaches the prototype of objects', () => {
    loadPolicy(`${FILE}__proto__: { polluted: true }\nconstructor: { prototype: { polluted: true } }\n`, {
      issuers: ['corp'],
    });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('is refused by name and size when the ledger could not keep it, and taken up to that size', () => {
    const withNote = (length: number): string =>
      `version: 1\nrules:\n${Array.from({ length }, (_, n) => `  - { id: r${n}, deny: any, note: ${'ä'.repeat(190)} }\n`).join('')}`;
    const perRule = 418;
    const fits = Math.floor(MAX_POLICY_BYTES / perRule) - 50;
    expect(loadPolicy(withNote(fits), { issuers: [] })).toMatchObject({ kind: 'loaded' });
    expect(problemsOf(withNote(fits + 200))).toEqual([
      {
        line: 1,
        column: 1,
        message: expect.stringMatching(
          /^the policy has 19\d{5} bytes as JSON, and the ledger keeps at most 1900000: /,
        ) as string,
      },
    ]);
  });

  it('a deny list of 100,000 domains loads', () => {
    const domains = Array.from({ length: 100_000 }, (_, index) => `    - d${index}.example\n`).join('');
    expect(
      problemsOf(`version: 1\ndomains:\n  never:\n${domains}rules:\n  - { id: never, deny: any, domains: [$never] }\n`),
    ).toEqual([]);
  });
});
