/**
 * Shared by the policy commands: reads a policy file, and finds the issuers' short names. A usage error and a refused
 * file are different results, because they have different exit codes.
 */
import { loadConfig } from '../../config/load.ts';
import type { PolicyProblem, PolicyRead } from '../../policy/load.ts';
import { readPolicy } from '../../policy/load.ts';
import type { Call, OptionRow } from '../command-line/command.ts';
import type { CliDeps } from '../deps.ts';
import { printable } from '../command-line/printable.ts';

export const ISSUER_OPTIONS: Readonly<Record<string, OptionRow>> = {
  issuers: {
    value: 'NAMES',
    about: 'The issuers that callers may pin, such as corp,partners. Without it, those of AUTH_ISSUERS.',
  },
  'any-issuer': { value: null, about: 'Take any issuer: where the file is reviewed, AUTH_ISSUERS is seldom at hand.' },
};

export type IssuerNames =
  | { readonly kind: 'known'; readonly issuers: readonly string[] | 'any' }
  | { readonly kind: 'unknown'; readonly message: string };

/** From the command line, else from the configuration. Problems with other settings are ignored. */
export async function issuerNames({ options }: Call, { env, readText }: CliDeps): Promise<IssuerNames> {
  const { issuers: listed, 'any-issuer': any } = options;
  if (any !== undefined && listed !== undefined)
    return { kind: 'unknown', message: '--issuers and --any-issuer exclude each other' };
  if (any !== undefined) return { kind: 'known', issuers: 'any' };
  if (typeof listed === 'string') return { kind: 'known', issuers: namesIn(listed) };
  const loaded = await loadConfig({ env, readText });
  const issuers = loaded.kind === 'loaded' ? loaded.config.issuers : loaded.readable.issuers;
  if (issuers !== null) return { kind: 'known', issuers: issuers.map(({ name }) => name) };
  return {
    kind: 'unknown',
    message: 'AUTH_ISSUERS is not set or cannot be read; say --issuers NAMES, or --any-issuer',
  };
}

/** Splits at commas and ignores spaces around a name. */
export function namesIn(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** A file that cannot be read has one problem, at line 1, column 1. */
export async function readPolicyFile(
  path: string,
  issuers: readonly string[] | 'any',
  { readText }: Pick<CliDeps, 'readText'>,
): Promise<PolicyRead> {
  const text = await readText(path).catch(() => null);
  if (text === null) return { kind: 'refused', problems: [{ line: 1, column: 1, message: 'the file cannot be read' }] };
  return readPolicy(text, { issuers });
}

/** In the form of compiler messages, so that editors and pipelines find the place. */
export function problemLines(path: string, problems: readonly PolicyProblem[]): string {
  return problems.map(({ line, column, message }) => `${printable(path)}:${line}:${column} ${message}\n`).join('');
}
