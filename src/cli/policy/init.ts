/**
 * `policy init [FILE]`: writes a small policy to begin with. It allows one client to invite one domain, with limits and
 * tests, and nothing else. It never replaces a file, and writes none that the service would refuse.
 */
import { loadPolicy } from '../../policy/load.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, Command } from '../command-line/command.ts';
import { printable } from '../command-line/text.ts';
import { firstPolicy } from './first-policy.ts';

const DEFAULT_FILE = 'policy.yaml';

export const policyInit: Command = {
  name: 'policy init',
  summary: 'Write a first policy: one client may invite one domain, and nothing else is allowed.',
  about: [
    'Writes a file with one allow rule, quotas and tests, to be read, changed and checked with policy check. What it does not allow ' +
      'is denied. docs/policy.md describes the language, examples/policies/ has larger ones.',
    'A file that is there already is never replaced. The policy is checked before it is written.',
  ],
  operands: [{ name: 'FILE', about: `Where to; ${DEFAULT_FILE} when left out.`, optional: true }],
  options: {
    issuer: { value: 'NAME', about: 'Needed: the name of the identity provider in AUTH_ISSUERS.' },
    client: { value: 'ID', about: 'Needed: the client whose tokens may invite, as the tokens name it.' },
    domain: { value: 'DOMAIN', about: 'Needed: the domain that may be invited, without its sub-domains.' },
  },
  exits: {
    ok: 'Written.',
    refused: 'Nothing was written: there is such a file, or it cannot be written, or an option is no valid value.',
  },
  examples: [
    {
      line: 'policy init policy.yaml --issuer corp --client hr-portal --domain acme.com',
      does: 'the portal may invite @acme.com as user or read_only',
    },
  ],
  async run(call, deps) {
    const [path = DEFAULT_FILE] = call.operands;
    const { issuer, client, domain } = neededIn(call);
    const [, marks, bare] = /^(\*\.|@)(.+)$/.exec(domain) ?? [];
    if (marks !== undefined)
      throw new CommandError(
        'refused',
        `no policy was written: --domain takes the name alone, as in --domain ${printable(bare ?? '')}. Sub-domains are added in the file`,
      );
    const text = firstPolicy({ issuer, client, domain });
    const loaded = loadPolicy(text, { issuers: [issuer] });
    if (loaded.kind === 'refused') {
      const [problem] = loaded.problems;
      throw new CommandError(
        'refused',
        `no policy was written: with these options it would be refused: ${problem?.message ?? 'unknown problem'}`,
      );
    }
    await deps.writeNewText(path, text);
    await deps.print(
      `${deps.paint('green', 'written')} ${printable(path)}: ${printable(client)} may invite @${printable(domain)}, everything else is denied\n` +
        `   Read it, then: policy check ${printable(path)} --issuers ${printable(issuer)}\n`,
    );
    return 'ok';
  },
};

const NEEDED = ['issuer', 'client', 'domain'] as const;

/** Throws a CommandError that names every option that is missing. */
function neededIn({ options }: Call): Record<(typeof NEEDED)[number], string> {
  const missing = NEEDED.filter((name) => typeof options[name] !== 'string').map((name) => `--${name}`);
  if (missing.length > 0) {
    const all = missing.length === 1 ? missing.join() : `${missing.slice(0, -1).join(', ')} and ${missing.at(-1)}`;
    throw new CommandError(
      'usage',
      `policy init has no default for ${all}: add ${missing.length === 1 ? 'it' : 'them'}`,
    );
  }
  const { issuer, client, domain } = options;
  return { issuer: String(issuer), client: String(client), domain: String(domain) };
}
