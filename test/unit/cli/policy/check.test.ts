import { describe, expect, it } from 'vitest';
import { EXAMPLE_POLICY, policyFrom } from '../../../support/policy.ts';
import { GOOD_ENV } from '../cli-harness.ts';
import { runPolicy } from './policy-harness.ts';

describe('policy check', () => {
  it('says what a file holds that would be taken, and exits 0', async () => {
    const { code, stdout, stderr, asked } = await runPolicy('check policy.yaml');
    expect([code, stderr, asked]).toEqual([0, '', []]);
    expect(stdout).toContain('ok policy.yaml: 3 rules, 4 quotas, 3 tests hold');
    expect(stdout).toContain(`sha256:${policyFrom(EXAMPLE_POLICY).digest}`);
  });

  it('names the rules that no test decides by', async () => {
    const { code, stdout } = await runPolicy('check policy.yaml');
    expect(code).toBe(0);
    expect(stdout).toContain('No test decides by: never-invite, it-partners\n');
  });

  it('says so when a file carries no tests at all', async () => {
    const { code, stdout } = await runPolicy('check untested.yaml');
    expect(code).toBe(0);
    expect(stdout).toContain('1 rule, 0 quotas, no tests');
    expect(stdout).toContain('It carries no tests');
  });

  it('prints problems as compilers do, with file, line and column, and exits 2', async () => {
    const { code, stdout } = await runPolicy('check broken.yaml');
    expect(code).toBe(2);
    expect(stdout).toMatch(/^broken\.yaml:15:\d+ expected one of/m);
    expect(stdout).toMatch(/^refused 1 problem$/m);
  });

  it('finds a name that nothing bears', async () => {
    const { code, stdout } = await runPolicy('check misspelt.yaml');
    expect(code).toBe(2);
    expect(stdout).toMatch(/^misspelt\.yaml:14:\d+ unknown domain set "nevr"/m);
  });

  it('runs the tests of the file', async () => {
    const { code, stdout } = await runPolicy('check failing.yaml');
    expect(code).toBe(2);
    expect(stdout).toMatch(/^failing\.yaml:24:\d+ test failed: expected deny, got allow by hr-staff/m);
  });

  it('says that a file cannot be read, and exits 2', async () => {
    const { code, stdout } = await runPolicy('check nowhere.yaml');
    expect([code, stdout.split('\n')[0]]).toEqual([2, 'nowhere.yaml:1:1 the file cannot be read']);
  });

  it('is one document with --json', async () => {
    const good = await runPolicy('check policy.yaml --json');
    expect(JSON.parse(good.stdout)).toEqual({
      ...{ ok: true, file: 'policy.yaml', digest: policyFrom(EXAMPLE_POLICY).digest },
      ...{ rules: 3, quotas: 4, tests: 3, untested: ['never-invite', 'it-partners'], problems: [] },
      ends: [{ rule: 'it-partners', until: '2027-01-01', last_day: '2026-12-31', ended: false, days_left: 304 }],
      ...{ letters: [], alike: [] },
    });
    const bad = await runPolicy('check misspelt.yaml --json');
    expect(bad.code).toBe(2);
    expect(JSON.parse(bad.stdout)).toMatchObject({ ok: false, problems: [{ line: 14, message: expect.any(String) }] });
  });

  it.each([
    ['2027-01-01', 'it-partners: until 2027-01-01, last day 2026-12-31 (UTC)\n'],
    ['2028-03-01', 'until 2028-03-01, last day 2028-02-29 (UTC)\n'],
    ['2026-03-16', 'until 2026-03-16, last day 2026-03-15 (UTC): ends in 13 days\n'],
    ['2026-03-03', 'until 2026-03-03, last day 2026-03-02 (UTC): ends in less than a day\n'],
    ['2026-03-02', 'until 2026-03-02, last day 2026-03-01 (UTC): it has ended\n'],
  ])('shows the last day of a rule until %s', async (until, line) => {
    const files = { 'ending.yaml': EXAMPLE_POLICY.replace('until: 2027-01-01', `until: ${until}`) };
    const { code, stdout } = await runPolicy('check ending.yaml', { files });
    expect([code, stdout]).toEqual([0, expect.stringContaining(line)]);
  });

  it('prints the letters of A-labels, of sets, of rules and of addresses, each once', async () => {
    const domains = '[acme.com, "*.acme.com", xn--mnchen-3ya.de, "*.xn--mnchen-3ya.de"]';
    const emails = 'emails: [ex-cto@acme.com, x@XN--BCHER-KVA.example]';
    const text = EXAMPLE_POLICY.replace('[acme.com, "*.acme.com"]', domains)
      .replace('[$acme, partner.io]', '[$acme, xn--mnchen-3ya.de]')
      .replace('emails: [ex-cto@acme.com]', emails);
    const { stdout } = await runPolicy('check letters.yaml', { files: { 'letters.yaml': text } });
    expect(stdout.split('\n').filter((line) => line.includes(' = '))).toEqual([
      '   *.xn--mnchen-3ya.de = *.münchen.de',
      '   xn--bcher-kva.example = bücher.example',
      '   xn--mnchen-3ya.de = münchen.de',
    ]);
  });

  it('names callers and rules that look alike', async () => {
    const text = EXAMPLE_POLICY.replace('callers:', 'callers:\n  HR_portal: { issuer: corp, client_id: [other] }');
    const { code, stdout } = await runPolicy('check alike.yaml', { files: { 'alike.yaml': text } });
    expect([code, stdout]).toEqual([0, expect.stringContaining('These names look alike: HR_portal, hr-portal\n')]);
    expect((await runPolicy('check policy.yaml')).stdout).not.toContain('alike');
  });

  it('never obeys what a file name holds', async () => {
    const { stdout } = await runPolicy('check \u001b[31mx.yaml');
    expect(stdout).not.toContain('\u001b');
  });
});

describe('the issuers that a policy may name', () => {
  const ELSEWHERE = { 'elsewhere.yaml': EXAMPLE_POLICY.replaceAll('issuer: corp', 'issuer: partners') };

  it('are those of AUTH_ISSUERS', async () => {
    expect((await runPolicy('check policy.yaml')).code).toBe(0);
    const { code, stdout } = await runPolicy('check elsewhere.yaml', { files: ELSEWHERE });
    expect(code).toBe(2);
    expect(stdout).toContain('unknown issuer "partners"');
  });

  it('do not depend on the rest of the configuration', async () => {
    const { AUTH_ISSUERS } = GOOD_ENV;
    expect((await runPolicy('check policy.yaml', { env: { AUTH_ISSUERS, PORT: 'x' } })).code).toBe(0);
  });

  it('are those that are said, whatever is configured', async () => {
    const said = await runPolicy('check elsewhere.yaml --issuers corp,partners', { files: ELSEWHERE });
    expect(said.code).toBe(0);
    expect((await runPolicy('check policy.yaml --issuers partners')).code).toBe(2);
  });

  it('may be any', async () => {
    expect((await runPolicy('check elsewhere.yaml --any-issuer', { files: ELSEWHERE, env: {} })).code).toBe(0);
  });

  it.each(['check policy.yaml', 'explain policy.yaml --as x --invite a@acme.com', 'diff policy.yaml policy.yaml'])(
    'must come from somewhere: policy %s',
    async (line) => {
      const { code, stdout, stderr } = await runPolicy(line, { env: {} });
      expect([code, stdout]).toEqual([64, '']);
      expect(stderr).toContain('--any-issuer');
    },
  );

  it('are not both said and any', async () => {
    expect((await runPolicy('check policy.yaml --any-issuer --issuers corp')).code).toBe(64);
  });

  it('refuses a policy that the ledger could not keep, with its size', async () => {
    const domains = Array.from({ length: 120_000 }, (_, n) => `d${n}.example`).join(', ');
    const files = { 'large.yaml': `version: 1\ndomains: { never: [${domains}] }\nrules: []\n` };
    const { code, stdout } = await runPolicy('check large.yaml --any-issuer', { files });
    expect(code).toBe(2);
    expect(stdout).toMatch(/^large\.yaml:1:1 the policy has \d+ bytes as JSON, and the ledger keeps at most 1900000/);
  });
});
