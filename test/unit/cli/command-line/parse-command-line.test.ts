import { describe, expect, it } from 'vitest';
import type { Command } from '../../../../src/cli/command-line/command.ts';
import { COMMANDS } from '../../../../src/cli/commands.ts';
import { parseCommandLine } from '../../../../src/cli/command-line/parse-command-line.ts';

const compare: Command = {
  name: 'test compare',
  summary: 'Compare.',
  about: [],
  operands: [
    { name: 'OLD', about: 'The first file.' },
    { name: 'NEW', about: 'The second file.', optional: true },
  ],
  options: { json: { value: null, about: 'JSON.' }, as: { value: 'CALLER', about: 'For whom.' } },
  exits: {},
  examples: [],
  run: async () => 'ok',
};
const ALL = [...COMMANDS, compare];
const parse = (line: string) => parseCommandLine(line === '' ? [] : line.split(' '), ALL);
const message = (line: string): string => {
  const parsed = parse(line);
  return parsed.kind === 'usage' ? parsed.message : parsed.kind;
};

describe('a command line', () => {
  it.each([
    ['config check', 'config check'],
    ['config check --json', 'config check'],
    ['--json config check', 'config check'],
    ['config --json check', 'config check'],
    ['doctor', 'doctor'],
  ])('"%s" runs %s', (line, name) => {
    const parsed = parse(line);
    expect(parsed.kind === 'run' && parsed.command.name).toBe(name);
    expect(parsed.kind === 'run' && parsed.call.options).toEqual(line.includes('--json') ? { json: true } : {});
  });

  it('hands on operands and values', () => {
    expect(parse('test compare a.yaml b.yaml --as hr-portal')).toMatchObject({
      kind: 'run',
      call: { operands: ['a.yaml', 'b.yaml'], options: { as: 'hr-portal' } },
    });
    expect(parse('test compare a.yaml --as=hr-portal')).toMatchObject({
      call: { operands: ['a.yaml'], options: { as: 'hr-portal' } },
    });
    expect(parse('test compare -- --odd.yaml')).toMatchObject({ kind: 'run', call: { operands: ['--odd.yaml'] } });
  });

  it.each([
    ['--help', null],
    ['-h', null],
    ['help', null],
    ['config --help', 'config'],
    ['config check --help', 'config check'],
    ['help config print', 'config print'],
    ['test compare -h', 'test compare'],
    ['doctor --json --help', 'doctor'],
  ])('"%s" asks for help on %s', (line, topic) => {
    expect(parse(line)).toEqual({ kind: 'help', topic });
  });

  it('knows when nothing was typed', () => {
    expect(parse('')).toEqual({ kind: 'nothing' });
  });

  it.each(['--version', '-V', 'doctor --version'])('"%s" asks for the version', (line) => {
    expect(parse(line)).toEqual({ kind: 'version' });
  });

  it.each([
    ['--json', 'unknown option "--json"'],
    ['dcotor', 'unknown command "dcotor"; did you mean doctor?'],
    ['config chekc', 'unknown command "config chekc"; did you mean config check?'],
    ['confg check', 'unknown command "confg check"; did you mean config check?'],
    ['brew coffee', 'unknown command "brew coffee"'],
    ['config', 'say which: config check, config print'],
    ['doctor --jsn', 'unknown option "--jsn"; did you mean --json?'],
    ['doctor --hlep', 'unknown option "--hlep"; did you mean --help?'],
    ['doctor -x', 'unknown option "-x"'],
    ['doctor --json=yes', '--json takes no value'],
    ['doctor --json --json', '--json is given twice'],
    ['doctor now', '"now" is one argument too many'],
    ['test compare', 'OLD is missing'],
    ['test compare a b c', '"c" is one argument too many'],
    ['test compare a --as', '--as needs a value'],
    ['test compare a --as=', '--as needs a value'],
    ['doctor --constructor', 'unknown option "--constructor"'],
  ])('"%s" is not understood: %s', (line, expected) => {
    expect(message(line)).toBe(expected);
  });

  it.each(['K3y-0123456789abcdef', 'eyJhbGciOiJFUzI1NiJ9.e30.x', 'ann@acme.com', 'a'.repeat(40)])(
    'does not repeat what may be a secret or an address: %s',
    (secret) => {
      for (const line of [
        secret,
        `doctor ${secret}`,
        `doctor --${secret}`,
        `config ${secret}`,
        `doctor --json=${secret}`,
      ])
        expect(message(line)).not.toContain(secret.slice(0, 8));
    },
  );
});
