import { describe, expect, it } from 'vitest';
import { groupIdOf } from '../../../../dev/galileo-groups.ts';
import { ACCOUNT } from '../../../support/sign-in.ts';
import { answer, KEY } from '../cli-harness.ts';
import { createCliGalileo, SIGN_IN_ENVS } from '../galileo-harness.ts';
import { runPolicy } from './policy-harness.ts';

const [ANNOTATORS, REVIEWERS] = ['annotators', 'reviewers'].map(groupIdOf) as [string, string];
/** One digit of the id is mistyped. */
const MISTYPED = REVIEWERS.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
const UNKNOWN = '11111111-2222-4333-8444-555555555555';
const OTHER = '0aaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';

const policy = (annotators: string, reviewers: string): string => `version: 1
groups:
  annotators: ${annotators}
callers:
  hr-portal: { issuer: corp, client_id: [hr-portal] }
rules:
  - { id: hr-staff, allow: [hr-portal], domains: [acme.com], roles: [user], auth_methods: [okta], groups: [$annotators, ${reviewers}] }
tests:
  - { as: hr-portal, invite: ann@acme.com, auth_method: okta, expect: allow, by: hr-staff }
`;

function online(
  text: string,
  options: { readonly env?: Readonly<Record<string, string>>; readonly json?: boolean } = {},
) {
  const galileo = createCliGalileo();
  galileo.groups.create(ANNOTATORS, 'Annotators');
  galileo.groups.create(REVIEWERS, 'Reviewers, EU');
  galileo.groups.create(groupIdOf('board'), 'The board');
  const run = (deps = {}) =>
    runPolicy(`check policy.yaml --online${options.json === true ? ' --json' : ''}`, {
      files: { 'policy.yaml': text },
      ...(options.env === undefined ? {} : { env: options.env }),
      answer: galileo.answer,
      deps,
    });
  return { galileo, run };
}

describe('policy check --online', () => {
  it('says that Galileo lists the groups of the file, and exits 0', async () => {
    const { run, galileo } = online(policy(ANNOTATORS.toUpperCase(), REVIEWERS));
    const { code, stdout, stderr } = await run();
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('ok Galileo lists all 2 groups of the file\n');
    expect(galileo.withSecret).toEqual(['GET /v2/groups']);
  });

  it('names each id that Galileo does not list, with its place and what was probably meant, and exits 1', async () => {
    const { run } = online(policy(UNKNOWN, MISTYPED));
    const { code, stdout } = await run();
    expect(code).toBe(1);
    expect(stdout).toContain(
      `policy.yaml:3:15 Galileo lists no group with this id; did you mean ${ANNOTATORS}, "Annotators"?\n`,
    );
    expect(stdout).toContain(
      `policy.yaml:7:121 Galileo lists no group with this id; did you mean ${REVIEWERS}, "Reviewers, EU"?\n`,
    );
    expect(stdout).toContain('failed 2 places name groups that Galileo does not list');
    expect(stdout).not.toContain('The board');
  });

  it('gives a program the same', async () => {
    const { run } = online(policy(ANNOTATORS, OTHER), { json: true });
    const { code, stdout } = await run();
    expect([code, JSON.parse(stdout)]).toMatchObject([
      1,
      {
        ok: false,
        problems: [],
        online: {
          groups: 2,
          missing: [{ line: 7, column: 121, message: 'Galileo lists no group with this id' }],
          unanswered: null,
        },
      },
    ]);
  });

  it('names ids in forced values and in tests, too', async () => {
    const text = `${policy(ANNOTATORS, REVIEWERS)}  - { as: hr-portal, invite: bo@acme.com, groups: [${UNKNOWN}], expect: deny }
force:
  - { id: all-in, domains: [eu.acme.com], groups: [${UNKNOWN}] }
`;
    const { stdout } = await online(text).run();
    expect(stdout.match(/policy\.yaml:\d+:\d+ Galileo lists no group/g)).toHaveLength(2);
  });

  it('asks nothing for a file without groups, and nothing for a file that would be refused', async () => {
    const without = online(
      policy(ANNOTATORS, REVIEWERS)
        .replace(/groups:\n.*\n/, '')
        .replace(/, groups: .*\]/, ''),
    );
    const { code, stdout, asked } = await without.run();
    expect([code, asked]).toEqual([0, []]);
    expect(stdout).toContain('The file names no group of Galileo');
    const refused = await online(policy(ANNOTATORS, 'not-an-id')).run();
    expect([refused.code, refused.asked]).toEqual([2, []]);
  });

  it.each([
    ['an error', answer(503, {}), 'Galileo gave no list of its groups (other_status, status 503)'],
    ['no permission', answer(403, {}), 'Galileo gave no list of its groups (credentials_rejected, status 403)'],
    ['the key', answer(200, { groups: [], note: KEY }), 'Galileo gave no list of its groups (holds_key, status 200)'],
    ['no answer', { kind: 'not_sent', reason: 'connect_failed' }, 'gave no list of its groups (connect_failed)'],
  ] as const)('fails with a reason when the list of groups is %s', async (_, result, reason) => {
    const { run, galileo } = online(policy(ANNOTATORS, REVIEWERS));
    galileo.scriptGroups(result);
    const { code, stdout, stderr } = await run();
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toContain(reason);
    expect(stdout).not.toContain(KEY);
  });

  it('does not read a list that holds the next key', async () => {
    const next = 'next-K3y-that-was-not-sent-5678';
    const env = { ...SIGN_IN_ENVS.api_key, GALILEO_API_KEY_NEXT: next };
    const { run, galileo } = online(policy(ANNOTATORS, REVIEWERS), { env });
    galileo.scriptGroups(answer(200, { groups: [{ id: OTHER, name: next }] }));
    const { code, stdout } = await run();
    expect([code, stdout.includes(next)]).toEqual([1, false]);
    expect(stdout).toContain('Galileo gave no list of its groups (holds_key, status 200)');
  });

  it('sends no secret where something else than Galileo answers', async () => {
    const { galileo } = online('');
    const { code, stdout, asked } = await runPolicy('check policy.yaml --online', {
      files: { 'policy.yaml': policy(ANNOTATORS, REVIEWERS) },
      answer: () => answer(200, '<!doctype html><title>Galileo console</title>', { 'content-type': 'text/html' }),
    });
    expect(code).toBe(1);
    expect(stdout).toContain('the secret was not sent');
    expect(asked.some(({ headers }) => 'Galileo-API-Key' in headers)).toBe(false);
    expect(galileo.withSecret).toEqual([]);
  });

  it('says that the settings do not lead to Galileo', async () => {
    const { run } = online(policy(ANNOTATORS, REVIEWERS), {
      env: { ...SIGN_IN_ENVS.api_key, GALILEO_API_URL: 'http://x' },
    });
    const { code, stdout, asked } = await run();
    expect([code, asked]).toEqual([1, []]);
    expect(stdout).toContain('GALILEO_API_URL is refused');
  });
});

describe.each(['basic', 'password'] as const)('policy check --online with GALILEO_AUTH=%s', (scheme) => {
  const env = SIGN_IN_ENVS[scheme];

  it('signs in once', async () => {
    const { run, galileo } = online(policy(ANNOTATORS, REVIEWERS), { env });
    expect((await run()).code).toBe(0);
    expect(galileo.withSecret).toEqual(scheme === 'basic' ? ['GET /v2/groups'] : ['POST /login', 'GET /v2/groups']);
  });

  it('tries a wrong password once, and shows it nowhere', async () => {
    const { run, galileo } = online(policy(ANNOTATORS, REVIEWERS), { env });
    galileo.account.setPassword('the-right-one-77aa41c05d9e');
    const { code, stdout, stderr } = await run();
    expect(code).toBe(1);
    expect(galileo.withSecret).toHaveLength(1);
    for (const text of [stdout, stderr]) expect(text).not.toContain(ACCOUNT.password);
  });

  it('does not try a password that was refused less than an hour ago', async () => {
    const { run, galileo } = online(policy(ANNOTATORS, REVIEWERS), { env });
    const hold = { reason: 'refused', waitMs: 20 * 60_000 } as const;
    const { code, stdout } = await run({ readSignIns: async () => ({ salt: 'ab'.repeat(32), holdOf: () => hold }) });
    expect([code, galileo.withSecret]).toEqual([1, []]);
    expect(stdout).toContain('was refused by Galileo, and is not tried again for 20 min');
  });
});
