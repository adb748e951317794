import { describe, expect, it } from 'vitest';
import { CommandError } from '../../../../src/cli/command-line/command-error.ts';
import { runPolicy } from './policy-harness.ts';

const OPTIONS = '--issuer corp --client hr-portal --domain acme.com';

async function init(line: string, files: Record<string, string> = {}) {
  const written = new Map<string, string>();
  const ran = await runPolicy(`init ${line}`, {
    deps: {
      async writeNewText(path, text) {
        if (Object.hasOwn(files, path)) throw new CommandError('refused', `${path} is there already`);
        written.set(path, text);
      },
    },
  });
  return { ...ran, written };
}

describe('policy init', () => {
  it.each([
    ['own.yaml ', 'own.yaml'],
    ['', 'policy.yaml'],
  ])('writes a policy to "%s" that policy check takes, with a test for each rule', async (operand, path) => {
    const { code, stdout, written } = await init(`${operand}${OPTIONS}`);
    expect(code).toBe(0);
    expect(stdout).toContain(`written ${path}: hr-portal may invite @acme.com, everything else is denied`);
    expect([...written.keys()]).toEqual([path]);
    const check = await runPolicy(`check ${path} --issuers corp`, { files: Object.fromEntries(written) });
    expect(check.code).toBe(0);
    expect(check.stdout).toContain('1 rule, 3 quotas, 3 tests hold');
    expect(check.stdout).not.toContain('note');
  });

  it('allows what it says and denies the rest', async () => {
    const { written } = await init(OPTIONS);
    const files = { 'policy.yaml': written.get('policy.yaml') ?? '' };
    const explain = async (question: string): Promise<string> =>
      (await runPolicy(`explain policy.yaml --issuers corp --as portal ${question}`, { files })).stdout;
    expect(await explain('--invite ann@acme.com')).toContain('own-people');
    for (const question of ['--invite ann@acme.com --role admin', '--invite ann@eu.acme.com', '--invite ann@rival.io'])
      expect(await explain(question)).toMatch(/deny|denied/);
  });

  it('keeps values as they are that YAML would read as something else', async () => {
    const { written } = await init('--issuer true --client 0123 --domain acme.com');
    const text = written.get('policy.yaml') ?? '';
    expect(text).toContain("{ issuer: 'true', client_id: ['0123'] }");
    expect((await runPolicy('check policy.yaml --issuers true', { files: { 'policy.yaml': text } })).code).toBe(0);
  });

  it('never replaces a file', async () => {
    const { code, stderr, written } = await init(`policy.yaml ${OPTIONS}`, { 'policy.yaml': 'mine' });
    expect([code, stderr, written.size]).toEqual([2, 'policy.yaml is there already\n', 0]);
  });

  it.each(['issuer', 'client', 'domain'])('asks for --%s, which has no safe default', async (name) => {
    const { code, stderr, written } = await init(OPTIONS.replace(new RegExp(`--${name} \\S+`), '').trim());
    expect([code, stderr, written.size]).toEqual([64, `policy init has no default for --${name}: add it\n`, 0]);
  });

  it.each([
    ['', 'policy init has no default for --issuer, --client and --domain: add them\n'],
    ['--client hr-portal', 'policy init has no default for --issuer and --domain: add them\n'],
  ])('names all that is missing beside %j at once', async (options, sentence) => {
    const { code, stderr } = await init(options);
    expect([code, stderr]).toEqual([64, sentence]);
  });

  it.each(['*.acme.com', '@acme.com'])('says how the domain of %s is written', async (domain) => {
    const { code, stderr, written } = await init(`--issuer corp --client hr-portal --domain ${domain}`);
    expect([code, written.size]).toEqual([2, 0]);
    expect(stderr).toBe(
      'no policy was written: --domain takes the name alone, as in --domain acme.com. Sub-domains are added in the file\n',
    );
  });

  it.each(['acme', 'acme.com,rival.io', '*', "acme.com']", 'acme..com'])(
    'writes nothing for the domain %s',
    async (domain) => {
      const { code, stderr, written } = await init(`--issuer corp --client hr-portal --domain ${domain}`);
      expect([code, written.size]).toEqual([2, 0]);
      expect(stderr).toContain('no policy was written: with these options it would be refused: ');
    },
  );
});
