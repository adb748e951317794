import { describe, expect, it } from 'vitest';
import { readIssuers } from '../../../../src/config/reading/issuers-text.ts';

const ENTRY = { name: 'corp', issuer: 'https://login.example.com', audience: 'invites' };
const GOOD = JSON.stringify([ENTRY]);

function problemsOf(text: string): readonly string[] {
  const read = readIssuers(text);
  return read.kind === 'refused' ? read.problems : [];
}

const ofEntry = (members: Readonly<Record<string, unknown>>): readonly string[] =>
  problemsOf(JSON.stringify([{ ...ENTRY, ...members }]));

describe('the list of issuers', () => {
  it.each([
    ['as one line', GOOD],
    ['over several lines of a Windows file, with a byte order mark', `\uFEFF[\r\n${JSON.stringify(ENTRY)}\r\n]\r\n`],
    ['with spaces around it', `  ${GOOD}\t\n\n`],
  ])('is read %s', (_how, text) => {
    expect(readIssuers(text)).toMatchObject({ kind: 'read', issuers: [ENTRY] });
  });

  it.each([
    ['', 'is empty'],
    ['   \n', 'is empty'],
    [`'${GOOD}'`, 'has quotes around it; docker --env-file passes them on: remove them'],
    [`"${GOOD}"`, 'has quotes around it; docker --env-file passes them on: remove them'],
    [JSON.stringify(GOOD), 'has quotes around it; docker --env-file passes them on: remove them'],
    [
      '${AUTH_ISSUERS}',
      'is a variable that nothing has replaced by its value: docker --env-file and systemd replace none',
    ],
    [GOOD.replaceAll('"', String.raw`\"`), 'has a backslash before each double quote: remove the backslashes'],
    [GOOD.replaceAll('"', ''), 'has lost its double quotes, as in a shell: put single quotes around the whole value'],
    ['/etc/issuers.json', 'is the path of a file: AUTH_ISSUERS_FILE takes a path'],
    ['issuers.json', 'is the path of a file: AUTH_ISSUERS_FILE takes a path'],
    [Buffer.from(GOOD).toString('base64'), 'is base64 of the JSON text: decode it'],
    ['- name: corp\n  issuer: https://login.example.com\n', 'is YAML; it must be a JSON array'],
    ['[object Object]', 'is “[object Object]”: a program wrote the list without JSON.stringify'],
    [GOOD.replaceAll('"', "'"), 'is not valid JSON at line 1, column 3: a single quote; JSON takes double quotes'],
    [
      GOOD.replaceAll('"', '”'),
      'is not valid JSON at line 1, column 3: a typographic quote; JSON takes straight double quotes',
    ],
    [`[\n  ${JSON.stringify(ENTRY)},\n]`, 'is not valid JSON at line 3, column 1: a comma before a closing bracket'],
    [GOOD.replace('}', ',}'), 'is not valid JSON at line 1, column 75: a comma before a closing bracket'],
    [
      `[\r\n  // ours\r\n${GOOD.slice(1)}`,
      'is not valid JSON at line 2, column 3: a comment, which JSON does not have',
    ],
    [`# ours\n${GOOD}`, 'is not valid JSON at line 1, column 1: a comment, which JSON does not have'],
    [GOOD.slice(0, -1), 'is not valid JSON at line 1, column 75: it ends too soon; a bracket or a quote is not closed'],
    [GOOD.slice(0, 20), 'is not valid JSON at line 1, column 17: a quote that is not closed'],
    [GOOD.replace('","', '""'), 'is not valid JSON at line 1, column 16: a comma is missing'],
    [GOOD.replace(':', '='), 'is not valid JSON at line 1, column 9: JSON takes a colon between name and value'],
    [
      `${GOOD}${GOOD}`,
      'is not valid JSON at line 1, column 76: a comma is missing between two entries, or a list is there twice',
    ],
    [GOOD.replace('"invites"', 'None'), 'is not valid JSON at line 1, column 65: JSON has true, false and null'],
    [GOOD.replace('"corp"', 'corp'), 'is not valid JSON at line 1, column 10: a text without double quotes'],
    [GOOD.replace('login', 'log\nin'), 'is not valid JSON at line 1, column 38: a line end inside quotes'],
    [GOOD.replace('"issuer"', '"name"'), 'is not valid JSON at line 1, column 17: the same name twice in one object'],
  ])('is not %j, and the cause is named', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('is a list, also of one', () => {
    expect(problemsOf(JSON.stringify(ENTRY))).toEqual(['must be a list of issuers: put [ ] around it']);
    expect(problemsOf(JSON.stringify({ issuers: [ENTRY] }))).toEqual([
      'must be a list of issuers: write only the list, without the object around it',
    ]);
    expect(problemsOf(JSON.stringify({ corp: ENTRY }))).toEqual([
      'must be a list of issuers: put [ ] in place of the outer { }, and write the name of each entry as its member "name"',
    ]);
    expect(problemsOf('[]')).toEqual(['must not be empty']);
    expect(problemsOf('5')).toEqual(['must be a list']);
    expect(problemsOf('["corp"]')).toEqual(['[0]: must be an object: { }']);
  });
});

describe('an entry', () => {
  it.each([
    [{ audiance: 'x' }, '[0].audiance: unknown; did you mean audience?'],
    [{ jwksUri: 'x' }, '[0].jwksUri: unknown; did you mean jwks_uri?'],
    [{ jwks_url: 'x' }, '[0].jwks_url: unknown; did you mean jwks_uri?'],
    [{ aud: 'x' }, '[0].aud: unknown; did you mean audience?'],
    [{ constructor: 'x' }, expect.stringMatching(/^\[0\]\.constructor: unknown; known are name, /)],
    [{ iss: 'x' }, '[0].iss: unknown; did you mean issuer?'],
    [{ algorithm: 'RS256' }, '[0].algorithm: unknown; did you mean algorithms?'],
    [{ scopes: ['x'] }, '[0].scopes: unknown; did you mean claims.scopes, scope_map or grant_scopes?'],
    [{ 'my key': 'x' }, expect.stringMatching(/^\[0\]\["…"\]: unknown; known are name, issuer, audience, /)],
    [{ claims: { subjects: 'oid' } }, '[0].claims.subjects: unknown; did you mean subject?'],
    [{ claims: { clientid: 'azp' } }, '[0].claims.clientid: unknown; did you mean client_id?'],
    [{ claims: { x: 'y' } }, expect.stringMatching(/^\[0\]\.claims\.x: unknown; known are audience, subject, /)],
    [{ preset: 'entra' }, expect.stringMatching(/^\[0\]\.preset: must be .* or .*; did you mean entra-v[12]\?$/)],
    [{ preset: 'Okta' }, expect.stringMatching(/; did you mean okta\?$/)],
    [{ algorithms: ['rs256'] }, expect.stringMatching(/^\[0\]\.algorithms\[0\]: must be .*; did you mean RS256\?$/)],
    [{ algorithms: ['HS256'] }, expect.stringMatching(/^\[0\]\.algorithms\[0\]: must be RS256/)],
    [{ algorithms: 'RS256' }, '[0].algorithms: must be a list'],
    [
      { grant_scopes: ['invite:write'] },
      expect.stringMatching(/^\[0\]\.grant_scopes\[0\]: .*; did you mean invites:write\?$/),
    ],
    [
      { scope_map: { users: 'invites:wirte' } },
      expect.stringMatching(/^\[0\]\.scope_map\.users: .*; did you mean invites:write\?$/),
    ],
    [
      { scope_map: { users: ['invites:wirte'] } },
      expect.stringMatching(/^\[0\]\.scope_map\.users\[0\]: .*; did you mean invites:write\?$/),
    ],
    [{ max_lifetime_s: '3600' }, '[0].max_lifetime_s: must be a number without quotes'],
    [{ max_lifetime_s: 5 }, '[0].max_lifetime_s: must be at least 60'],
    [{ audience: undefined }, '[0].audience: is missing'],
    [{ audience: '' }, '[0].audience: must not be empty'],
    [{ audience: [] }, '[0].audience: must not be empty'],
    [{ audience: 5 }, '[0].audience: must be text in double quotes'],
    [{ audience: ['invites', 5] }, '[0].audience[1]: must be text in double quotes'],
    [{ name: 'Corp' }, '[0].name: use 1 to 32 of a-z, 0-9 and inner dashes'],
    [{ name: undefined }, '[0].name: is missing'],
    [{ audience: '*' }, '[0].audience: must be exact: there is no wildcard'],
    [{ audience: 'a,b' }, '[0].audience: must be one audience: write several as a list, ["…", "…"]'],
    [{ audience: ['a', 'b,c'] }, '[0].audience[1]: must be one audience: write several as a list, ["…", "…"]'],
    [
      { claims: { groups: 'realm_access.roles' } },
      '[0].claims.groups: is a nested claim, which is written with slashes: write /realm_access/roles',
    ],
    [
      { claims: { scopes: ['scp', '$.realm_access.roles'] } },
      '[0].claims.scopes[1]: is a nested claim, which is written with slashes: write /realm_access/roles',
    ],
    [
      { claims: { groups: 'resource_access.my.client.roles' } },
      '[0].claims.groups: is a nested claim, which is written with slashes: write /resource_access/my.client/roles',
    ],
    [
      { claims: { subject: '/realm_access/roles/' } },
      '[0].claims.subject: must not end in /: write /realm_access/roles',
    ],
    [{ claims: { client_id: '$.a b' } }, '[0].claims.client_id: is a nested claim, which is written with slashes'],
    [
      { claims: { audience: '$.act.aud' } },
      '[0].claims.audience: is a nested claim, which is written with slashes: write /act/aud',
    ],
    [
      { claims: { require: { 'act.sub': null } } },
      '[0].claims.require["…"]: is a nested claim, which is written with slashes: write /act/sub',
    ],
    [{ claims: [] }, '[0].claims: must be an object: { }'],
  ])('with a mistake is refused in words: %j', (members, problem) => {
    expect(ofEntry(members)).toEqual([problem]);
  });

  it.each(['https://acme.com/roles', 'https://acme.com/roles/', 'custom.groups', 'cognito:groups', '/a/b.c', '$roles'])(
    'may read groups from the claim %s',
    (groups) => {
      expect(ofEntry({ claims: { groups } })).toEqual([]);
    },
  );

  it('has every mistake named at once', () => {
    expect(ofEntry({ audience: undefined, audiance: 'x', preset: 'Okta' })).toHaveLength(3);
  });

  it('is never quoted, nor is a name that may be an address or a secret', () => {
    const secret = 'hunter2-hunter2-hunter2';
    const problems = ofEntry({
      [`https://${secret}`]: 'x',
      preset: secret,
      algorithms: [secret],
      scope_map: { 'ann@acme.com': secret },
      claims: { require: { [`x ${secret}`]: [secret] } },
    });
    expect(problems.length).toBeGreaterThanOrEqual(5);
    for (const text of ['hunter2', 'acme.com']) expect(problems.join('\n')).not.toContain(text);
  });
});
