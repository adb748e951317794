import { parseArgs } from 'node:util';
import type { Call, Command } from './command.ts';
import { nearest } from '../../lib/text/nearest.ts';

/**
 * Parses arguments into a command and its options, or into a usage error with the likely correction. Pure. An error
 * quotes a word only when it looks like a mistyped word: a secret that was pasted in the wrong place must not be
 * printed.
 */
export type CommandLine =
  | { readonly kind: 'run'; readonly command: Command; readonly call: Call }
  /** Null: help for everything. A prefix such as `config`: help for the commands that begin with it. */
  | { readonly kind: 'help'; readonly topic: string | null }
  | { readonly kind: 'version' }
  /** No word at all. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'usage'; readonly message: string; readonly topic: string | null };

/** The options of every command. All other options belong to one command. */
const GLOBAL_OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const;
const MAX_WORDS = 2;

export function parseCommandLine(args: readonly string[], commands: readonly Command[]): CommandLine {
  const command = findCommand(args, commands);
  const own = Object.fromEntries(
    Object.entries(command?.options ?? {}).map(([name, { value }]) => [
      name,
      { type: value === null ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const known = { ...own, ...GLOBAL_OPTIONS };
  const { tokens } = parseArgs({
    args: [...args],
    options: known,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const words = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const topic = command?.name ?? topicOf(words, commands);

  const options: Record<string, string | true> = {};
  const lists: Record<string, string[]> = {};
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const fault = optionFault(token, known);
    if (fault !== null) return { kind: 'usage', message: fault, topic };
    if (command?.options[token.name]?.many === true) {
      lists[token.name] = [...(lists[token.name] ?? []), token.value ?? ''];
      continue;
    }
    // Silently taking the last value could answer another question than the user asked.
    if (Object.hasOwn(options, token.name)) {
      return { kind: 'usage', message: `--${token.name} is given twice`, topic };
    }
    options[token.name] = token.value ?? true;
  }
  if (options['help'] !== undefined) return { kind: 'help', topic };
  if (words[0] === 'help') return { kind: 'help', topic: topicOf(words.slice(1), commands) };
  if (options['version'] !== undefined) return { kind: 'version' };
  if (command === null) {
    if (words.length === 0) return { kind: 'nothing' };
    return { kind: 'usage', message: unknownCommand(words, commands), topic };
  }
  const operands = words.slice(command.name.split(' ').length);
  const wanted = command.operands.filter(({ optional }) => optional !== true);
  const missing = wanted[operands.length];
  if (missing !== undefined) return { kind: 'usage', message: `${missing.name} is missing`, topic };
  if (operands.length > command.operands.length) {
    return { kind: 'usage', message: `${quoted(operands[command.operands.length])} is one argument too many`, topic };
  }
  return { kind: 'run', command, call: { options, lists, operands } };
}

/** Finds the command by its leading words. Options may come before and between them. */
function findCommand(args: readonly string[], commands: readonly Command[]): Command | null {
  const words = args.filter((arg) => !arg.startsWith('-')).slice(0, MAX_WORDS);
  return commands.find(({ name }) => name === words.slice(0, name.split(' ').length).join(' ')) ?? null;
}

function topicOf(words: readonly string[], commands: readonly Command[]): string | null {
  const exact = commands.find(({ name }) => name === words.slice(0, name.split(' ').length).join(' '));
  const [first = ''] = words;
  return exact?.name ?? (commands.some(({ name }) => name.startsWith(`${first} `)) ? first : null);
}

function optionFault(
  token: { readonly name: string; readonly rawName: string; readonly value: string | undefined },
  known: Readonly<Record<string, { readonly type: 'boolean' | 'string' }>>,
): string | null {
  const option = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
  if (option === undefined) {
    const meant = nearest(token.name, Object.keys(known));
    return `unknown option ${quoted(token.rawName)}${meant === null ? '' : `; did you mean --${meant}?`}`;
  }
  if (option.type === 'string' && (token.value ?? '') === '') return `${token.rawName} needs a value`;
  if (option.type === 'boolean' && token.value !== undefined) return `${token.rawName} takes no value`;
  return null;
}

function unknownCommand(words: readonly string[], commands: readonly Command[]): string {
  const typed = words.slice(0, MAX_WORDS).join(' ');
  const group = commands.filter(({ name }) => name.startsWith(`${words[0] ?? ''} `)).map(({ name }) => name);
  if (words.length === 1 && group.length > 0) return `say which: ${group.join(', ')}`;
  const names = commands.map(({ name }) => name);
  const meant = nearest(typed, names) ?? nearest(words[0] ?? '', names);
  return `unknown command ${quoted(typed)}${meant === null ? '' : `; did you mean ${meant}?`}`;
}

/** Quotes only short lower-case words with dashes. Anything else may be a secret and is not shown. */
function quoted(text: string | undefined): string {
  return text !== undefined && /^-{0,2}[a-z][a-z -]{0,23}$/.test(text) ? `"${text}"` : '(not shown)';
}
