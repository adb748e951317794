/**
 * Every command line that README and docs show, in a block or within a sentence, is one that the command line takes.
 * test/e2e/docs-commands.test.ts runs those that can run.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../../../src/cli/command-line/parse-command-line.ts';
import { COMMANDS } from '../../../../src/cli/commands.ts';
import { ROOT } from '../../../arch/source-tree.ts';

const PAGES = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const COMMAND =
  /(?:npm run(?: --silent)? cli --|node src\/cli\.ts|(?<=`|^)galileo-invite-proxy) ((?:"[^"]*"|[^`\n#|<>;&"'])+)/gm;

interface Shown {
  readonly page: string;
  readonly line: string;
}

function shownCommands(page: string): Shown[] {
  const text = readFileSync(join(ROOT, page), 'utf8').replaceAll(/\\\n\s*/g, '');
  return [...text.matchAll(COMMAND)].map(([, line = '']) => ({ page, line: line.trim() }));
}

/** A shell's words; enough for what the pages show. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}

const synopses = (line: string): boolean => /[[…]|\bCOMMAND\b/.test(line);

describe('README and docs', () => {
  const shown = PAGES.flatMap(shownCommands).filter(({ line }) => /^[a-z]+( |$)/.test(line) && !synopses(line));

  it('show commands', () => {
    expect(shown.length).toBeGreaterThan(50);
  });

  it.each(shown)('$page shows a command that is taken: $line', ({ line }) => {
    const parsed = parseCommandLine(wordsOf(line), COMMANDS);
    expect(parsed).toMatchObject({ kind: 'run' });
  });
});
