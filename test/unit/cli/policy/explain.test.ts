import { describe, expect, it } from 'vitest';
import { EXAMPLE_POLICY, REVIEWERS } from '../../../support/policy.ts';
import { runPolicy } from './policy-harness.ts';

const ASK = 'explain policy.yaml --as hr-portal --invite ann@acme.com';

describe('policy explain', () => {
  it('shows the way to an allowed invite, and exits 0', async () => {
    const { code, stdout, stderr } = await runPolicy(`${ASK} --at 2026-06-15`);
    expect([code, stderr]).toEqual([0, '']);
    for (const line of [
      'Asks   hr-portal (issuer corp, client_id hr-portal, kind user)',
      'For    auth_method email, role user, no groups, send_email true',
      'At     2026-06-15T00:00:00.000Z',
      '  force  staff-use-okta  auth_method okta, send_email false',
      '  deny   never-invite    does not hit: aims at $never, ex-cto@acme.com',
      '  allow  hr-staff        allows all of it',
      '  → allow by hr-staff',
      '  batch: asks for 1 of 50 emails per request',
      '  app-day: asks for 1 of 500 emails per client_id in 1d',
      'ALLOW ',
      '{"auth_method":"okta","emails":["ann@acme.com"],"role":"user","group_ids":[],"send_email":false}',
    ])
      expect(stdout).toContain(line);
  });

  it('shows by which keys each rule does not apply, and exits 1 on a denial', async () => {
    const { code, stdout } = await runPolicy(`${ASK} --role admin --group annotators,${REVIEWERS}`);
    expect(code).toBe(1);
    expect(stdout).toContain('hr-staff        does not allow it: roles user, read_only; groups annotators');
    expect(stdout).toContain('→ deny by hr-staff: roles, groups');
    expect(stdout).toContain('DENY by policy. Nothing is sent.');
  });

  it.each([
    ['a deny rule', '--as it-admins --invite bob@gmail.com', '→ deny by never-invite: domains'],
    ['no rule', '--as hr-portal --invite pat@partner.io', '→ deny: no-rule (no allow rule of this caller'],
    ['an ended rule', '--as it-admins --invite pat@partner.io --at 2027-01-01', 'ended on 2027-01-01'],
    ['an ended rule, to the second', '--as it-admins --invite p@partner.io --at 2026-12-31T23:59:59Z', 'ALLOW'],
    ['other forced values', '--as it-admins --invite a@acme.com,p@partner.io', '→ deny by staff-use-okta: force'],
  ])('explains a denial by %s', async (_what, asked, line) => {
    expect((await runPolicy(`explain policy.yaml ${asked}`)).stdout).toContain(line);
  });

  it('tells a limit that the request alone exceeds', async () => {
    const many = Array.from({ length: 51 }, (_, index) => `p${index}@acme.com`).join(',');
    const { code, stdout } = await runPolicy(`explain policy.yaml --as hr-portal --invite ${many}`);
    expect(code).toBe(1);
    expect(stdout).toContain('batch: asks for 51 of 50 emails per request: this request alone is more');
    expect(stdout).toContain('DENY by quota');
  });

  it('handles a request leniently when told to', async () => {
    const line = 'explain policy.yaml --as hr-portal --invite ann@acme.com,pat@partner.io';
    expect((await runPolicy(line)).code).toBe(1);
    const lenient = await runPolicy(`${line} --lenient`);
    expect(lenient.code).toBe(0);
    expect(lenient.stdout).toContain('"emails":["ann@acme.com"]');
  });

  it('takes now for a moment that is not said', async () => {
    expect((await runPolicy(ASK)).stdout).toContain('At     2026-03-02T10:00:00.000Z');
  });

  it('names the callers that the caller is besides', async () => {
    const files = {
      'two.yaml': EXAMPLE_POLICY.replace('callers: ', 'callers: ').replace(
        '  it-admins:',
        '  everybody: { issuer: corp }\n  it-admins:',
      ),
    };
    const { stdout } = await runPolicy('explain two.yaml --as hr-portal --invite ann@acme.com', { files });
    expect(stdout).toContain('who is also everybody');
  });

  it('works on a file whose tests fail, and says so', async () => {
    const { code, stdout } = await runPolicy('explain failing.yaml --as hr-portal --invite ann@acme.com --role admin');
    expect(code).toBe(0);
    expect(stdout).toContain('1 test of this file fails');
  });

  it('prints the problems of a file that cannot be taken, and exits 2', async () => {
    const { code, stdout } = await runPolicy('explain broken.yaml --as hr-portal --invite ann@acme.com');
    expect(code).toBe(2);
    expect(stdout).toMatch(/^broken\.yaml:15:\d+ /);
  });

  it('counts the rules that aim elsewhere instead of showing thousands', async () => {
    const rules = Array.from(
      { length: 500 },
      (_, index) =>
        `  - { id: r${index}, allow: [hr-portal], domains: [p${index}.io], roles: any, auth_methods: any }\n`,
    );
    const files = { 'long.yaml': EXAMPLE_POLICY.replace('quotas:\n', `${rules.join('')}quotas:\n`) };
    const { stdout } = await runPolicy('explain long.yaml --as hr-portal --invite ann@acme.com', { files });
    expect(stdout).toContain('and 493 rules more that aim at other addresses');
    expect(stdout).toContain('hr-staff        allows all of it');
  });

  it('is one document with --json', async () => {
    const { code, stdout } = await runPolicy(`${ASK} --role admin --json`);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ file: 'policy.yaml', as: 'hr-portal', callers: ['hr-portal'], handling: 'strict', failing_tests: 0 },
      ...{ at: '2026-03-02T10:00:00.000Z', verdict: 'deny', refused_by: 'policy', sends: null },
      asked: { role: 'admin', emails: ['ann@acme.com'] },
      addresses: [
        {
          ...{ email: 'ann@acme.com', decision: 'deny', rule: 'hr-staff', because: ['roles'] },
          forced: [{ rule: 'staff-use-okta' }, { rule: 'staff-use-okta' }],
          rules: [
            { id: 'never-invite', effect: 'deny', applies: false, misses: [{ key: 'target' }] },
            {
              id: 'hr-staff',
              effect: 'allow',
              applies: false,
              misses: [{ key: 'roles', values: ['user', 'read_only'] }],
            },
          ],
        },
      ],
      quotas: [
        { id: 'batch', per: 'request', window_s: null, amount: 1 },
        { id: 'app-day', window_s: 86_400 },
        { id: 'burst', unit: 'requests' },
        { id: 'person', plus_addressing: 'keep' },
      ],
    });
  });

  it.each([
    ['--invite ann@acme.com', 'say who asks'],
    ['--as hr-portal', 'say whom to invite'],
    ['--as hr-protal --invite ann@acme.com', 'no caller of this file "hr-protal"; did you mean hr-portal?'],
    ['--as constructor --invite ann@acme.com', 'no caller of this file'],
    ['--as hr-portal --invite ann@acme.com,acme.com', 'entry 2 is no address'],
    ['--as hr-portal --invite ann@acme.com,ANN@acme.com', 'twice'],
    ['--as hr-portal --invite a@acme.com --role boss', 'no role "boss"; it is one of admin, manager'],
    ['--as hr-portal --invite a@acme.com --role amdin', 'did you mean admin?'],
    ['--as hr-portal --invite a@acme.com --auth-method sms', 'no auth method "sms"'],
    ['--as hr-portal --invite a@acme.com --group annotator', 'did you mean annotators?'],
    ['--as hr-portal --invite a@acme.com --send-email no', '--send-email is true or false'],
    ['--as hr-portal --invite a@acme.com --at tomorrow', '--at is YYYY-MM-DD'],
    ['--as hr-portal --invite a@acme.com --at 2026-02-30', '--at is YYYY-MM-DD'],
  ])('says what is not understood in "%s", and exits 64', async (asked, message) => {
    const { code, stdout, stderr } = await runPolicy(`explain policy.yaml ${asked}`);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toContain(message);
  });

  it('takes as many groups as a request may have, and not one more', async () => {
    const groups = (count: number) => Array.from({ length: count }, () => 'annotators').join();
    const explain = (count: number) =>
      runPolicy(`explain policy.yaml --as hr-portal --invite ann@acme.com --group ${groups(count)}`);
    expect((await explain(100)).code).not.toBe(64);
    expect(await explain(101)).toMatchObject({ code: 64, stderr: expect.stringContaining('at most 100 groups') });
  });

  it('does not repeat what may be a secret', async () => {
    const { stderr } = await runPolicy('explain policy.yaml --as sk/live+123 --invite ann@acme.com');
    expect(stderr).not.toContain('live');
  });
});
