import type { Command } from '../command-line/command.ts';
import { JSON_OPTION, printReport } from '../command-line/json-option.ts';
import type { Paint } from '../deps.ts';
import type { Configuration, Problem } from './read-configuration.ts';
import { consoleRedirect, redirectSentence } from './console-redirect.ts';
import { everyProblem, problemLine, readConfiguration } from './read-configuration.ts';
import { redact } from '../command-line/redact.ts';

/** `config check`: reports whether the service would start with these settings, policy and keys. Uses no network. */
export const configCheck: Command = {
  name: 'config check',
  summary: 'Say whether the service would start with this configuration, or everything that is wrong with it.',
  about: [
    'Reads the environment, the issuers, the policy with its own tests, and the key files, exactly as the service does ' +
      'when it starts, and prints every problem at once. It opens no ledger and no connection; that is what doctor does.',
  ],
  operands: [],
  options: { json: JSON_OPTION },
  exits: { ok: 'Nothing is wrong.', refused: 'Something is; the service would refuse to start.' },
  examples: [
    { line: 'config check', does: 'check the environment this shell has' },
    {
      line: 'config check --json',
      does: '`{"ok":false,"problems":[{"setting":"PORT","message":"must be a port number"}]}`',
    },
  ],
  async run(call, deps) {
    const configuration = await readConfiguration(deps);
    const { holdsKey } = configuration;
    const problems = redact(everyProblem(configuration), holdsKey);
    const ignored = redact(configuration.ignored, holdsKey);
    const ok = problems.length === 0;
    const signIn = consoleRedirect(configuration);
    const ofConsole = signIn === null ? {} : { console_redirect_uri: signIn.redirectUri };
    const report = { ok, problems, ...ofConsole, ...(ignored.length === 0 ? {} : { ignored }) };
    await printReport(call, deps, report, () => render(problems, configuration, deps.paint) + renderIgnored(ignored));
    return ok ? 'ok' : 'refused';
  },
};

/** The lines for settings that are ignored; empty when there are none. */
export function renderIgnored(ignored: readonly Problem[]): string {
  return ignored.map((one) => `  - ${problemLine(one)}\n`).join('');
}

function render(problems: readonly Problem[], { policies, settings }: Configuration, paint: Paint): string {
  if (problems.length === 0) {
    const signIn = consoleRedirect({ settings });
    const console = signIn === null ? '' : `  - ${redirectSentence(signIn)}\n`;
    return `${paint('green', 'ok')} Nothing is wrong with this configuration.\n${console}`;
  }
  const count = problems.length === 1 ? 'One problem' : `${problems.length} problems`;
  return [
    `${paint('red', 'refused')} ${count}:\n`,
    ...problems.map((one) => `  - ${problemLine(one)}\n`),
    policies.some(({ opened }) => opened === null)
      ? 'A policy was not read: its file or the issuers it may name are not known.\n'
      : '',
  ].join('');
}
