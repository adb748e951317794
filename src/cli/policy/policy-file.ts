/**
 * Shared by the policy commands: reads a policy file, and finds the issuers' short names. A refused file is a result,
 * which the commands print in different ways. Missing names are a mistake in the command line.
 */
import { textFileProblem } from '../../lib/text/text-file-error.ts';
import { problemOfFile } from '../../platform/node/policy/file.ts';
import type { PolicyProblem, PolicyRead } from '../../policy/load.ts';
import { readPolicy } from '../../policy/load.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, OptionRow } from '../command-line/command.ts';
import { readableConfig } from '../config/read-configuration.ts';
import type { CliDeps } from '../deps.ts';
import { printable } from '../command-line/text.ts';

export const ISSUER_OPTIONS: Readonly<Record<string, OptionRow>> = {
  issuers: {
    value: 'NAMES',
    about: 'The issuers that callers may pin, such as corp,partners. Without it, those of AUTH_ISSUERS.',
  },
  'any-issuer': { value: null, about: 'Take any issuer: where the file is reviewed, AUTH_ISSUERS is seldom at hand.' },
};

/** From the command line, else from the configuration. */
export async function issuerNames({ options }: Call, deps: CliDeps): Promise<readonly string[] | 'any'> {
  const { issuers: listed, 'any-issuer': any } = options;
  if (any !== undefined && listed !== undefined)
    throw new CommandError('usage', '--issuers and --any-issuer exclude each other');
  if (any !== undefined) return 'any';
  if (typeof listed === 'string') return namesIn(listed);
  const { issuers } = await readableConfig(deps);
  if (issuers === null)
    throw new CommandError('usage', 'AUTH_ISSUERS is not set or cannot be read; say --issuers NAMES, or --any-issuer');
  return issuers.map(({ name }) => name);
}

/** Splits at commas and ignores spaces around a name. */
export function namesIn(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** A file that cannot be read has one problem. */
export async function readPolicyFile(
  path: string,
  issuers: readonly string[] | 'any',
  { readText }: Pick<CliDeps, 'readText'>,
): Promise<PolicyRead> {
  const text = await readText(path).catch((error: unknown) => textFileProblem(error));
  if (typeof text !== 'string') return { kind: 'refused', problems: [problemOfFile(text)] };
  return readPolicy(text, { issuers });
}

/** In the form of compiler messages, so that editors and pipelines find the place. */
export function problemLines(path: string, problems: readonly PolicyProblem[]): string {
  return problems.map(({ line, column, message }) => `${printable(path)}:${line}:${column} ${message}\n`).join('');
}
