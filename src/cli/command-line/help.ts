import { SERVICE_NAME, SERVICE_VERSION } from '../../config/service.ts';
import type { Command } from './command.ts';
import { EXITS } from './exit-codes.ts';
import type { Exit } from './exit-codes.ts';
import { wrapLines } from './wrap.ts';

/** Renders help as plain text, from the same descriptions that the command line is parsed with. Pure. */
const WIDTH = 100;
/** Replaces the space in `[--option VALUE]` while wrapping, so that both stay on one line. */
const UNBROKEN = '\u00a0';
const GLOBAL = [
  ['-h, --help', 'Help on the command, or on everything.'],
  ['-V, --version', 'Print the version.'],
] as const;

export function versionLine(): string {
  return `${SERVICE_NAME} ${SERVICE_VERSION}\n`;
}

/** What a user types before a command in a checkout, where npm runs the locked Node. */
export const NPM_PROGRAM = 'npm run cli --';

/** What this user typed before the command, so that lines can be copied. */
export function programIn(env: Readonly<Record<string, string | undefined>>): string {
  return env['npm_lifecycle_event'] === 'cli' ? NPM_PROGRAM : SERVICE_NAME;
}

/** Help for one command, for the commands that begin with the word `topic`, or (null) for all. */
export function helpText(topic: string | null, commands: readonly Command[], program: string): string {
  const exact = commands.find(({ name }) => name === topic);
  if (exact !== undefined) return commandHelp(exact, program);
  const shown = commands.filter(({ name }) => topic === null || name.startsWith(`${topic} `));
  return [
    `${SERVICE_NAME} ${SERVICE_VERSION}: looks after the service from a terminal, with the service's own environment.\n`,
    `Usage: ${program} ${topic ?? ''}${topic === null ? '' : ' '}COMMAND [OPTIONS]\n`,
    `Commands:\n${table(shown.map(({ name, summary }) => [name, summary]))}`,
    `Options:\n${table(GLOBAL)}`,
    `Exit codes:\n${table(Object.values(EXITS).map(({ code, means }) => [String(code), means]))}`,
    `${program} COMMAND --help says more of one.\n`,
  ].join('\n');
}

function commandHelp(command: Command, program: string): string {
  const { summary, about, operands, options, examples } = command;
  const rows = Object.entries(options).map(
    ([name, { value, about: text }]) => [optionName(name, value), text] as const,
  );
  return [
    `${summary}\n`,
    wrap(`Usage: ${usageLine(command, program).replaceAll(/(?<=\[--\S+) /g, UNBROKEN)}`, WIDTH, '').replaceAll(
      UNBROKEN,
      ' ',
    ),
    ...about.map((paragraph) => wrap(paragraph, WIDTH, '')),
    ...(operands.length === 0 ? [] : [`Arguments:\n${table(operands.map((one) => [one.name, one.about]))}`]),
    `Options:\n${table([...rows, ...GLOBAL])}`,
    `Exit codes:\n${table(exitRows(command).map(({ code, means }) => [String(code), means]))}`,
    `Examples:\n${table(examples.map(({ line, does }) => [`${program} ${line}`, does.replaceAll('`', '')]))}`,
  ].join('\n');
}

/** `galileo-invite-proxy policy diff OLD NEW [--json]`. */
export function usageLine({ name, operands, options }: Command, program: string): string {
  const words = operands.map((operand) => (operand.optional === true ? `[${operand.name}]` : operand.name));
  const flags = Object.entries(options).map(
    ([option, { value, many }]) => `[${optionName(option, value)}]${many === true ? '...' : ''}`,
  );
  return [program, name, ...words, ...flags].join(' ');
}

export function optionName(name: string, value: string | null): string {
  return value === null ? `--${name}` : `--${name} ${value}`;
}

/** The same for every command. */
const COMMON_EXITS: ReadonlySet<Exit> = new Set(['usage', 'internal', 'io']);

/** The exit codes of this command. */
export function exitRows({ exits }: Command): readonly { readonly code: number; readonly means: string }[] {
  return (Object.keys(EXITS) as Exit[])
    .filter((exit) => exits[exit] !== undefined || COMMON_EXITS.has(exit))
    .map((exit) => ({ code: EXITS[exit].code, means: exits[exit] ?? EXITS[exit].means }));
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(32, Math.max(...rows.map(([left]) => left.length)));
  const indent = ' '.repeat(width + 4);
  return rows
    .map(([left, right]) => {
      const text = wrap(right, WIDTH - indent.length, indent).trimEnd();
      return left.length > width
        ? `  ${left}\n${indent}${text.trimStart()}\n`
        : `  ${left.padEnd(width)}  ${text.trimStart()}\n`;
    })
    .join('');
}

function wrap(text: string, width: number, indent: string): string {
  return `${wrapLines(text, width)
    .map((one) => indent + one)
    .join('\n')}\n`;
}
