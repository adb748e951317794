/** The shell blocks of README and docs, as a reader would copy them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../arch/source-tree.ts';

export interface ShellBlock {
  readonly page: string;
  /** Its first line, without a comment: the name of the block. */
  readonly first: string;
  /** One command each, continued lines joined, without prompts and comments of their own line. */
  readonly commands: readonly string[];
}

const SHELLS = new Set(['sh', 'bash', 'shell', 'console']);
const FENCE = /^(?<indent> *)```(?<language>\w*)\n(?<text>[^]*?)^\k<indent>```$/gm;

export function shellBlocks(): ShellBlock[] {
  const docs = readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
  return ['README.md', 'CONTRIBUTING.md', ...docs].flatMap((page) =>
    [...readFileSync(join(ROOT, page), 'utf8').matchAll(FENCE)].flatMap(
      ({ groups: { language = '', text = '' } = {} }) => {
        const lines = text.replaceAll(/\\\n\s*/g, '').split('\n');
        // A transcript: only what follows a prompt was typed.
        const isTranscript = lines[0]?.startsWith('$ ') === true;
        if (!isTranscript && !SHELLS.has(language)) return [];
        const typed = isTranscript ? lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2)) : lines;
        const commands = typed.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
        return [{ page, first: (commands[0] ?? '').replace(/ +# .*$/, ''), commands }];
      },
    ),
  );
}
