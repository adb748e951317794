/**
 * Writes the generated pages of docs/, or with --check says which of them are out of date and exits 1.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { describeSettings } from '../src/config/describe.ts';
import { describeProblems } from '../src/contract/describe-problems.ts';

const PAGES: Readonly<Record<string, () => string>> = {
  'docs/config.md': describeSettings,
  'docs/problems.md': describeProblems,
};

const root = new URL('../', import.meta.url);
const check = process.argv.includes('--check');

for (const [path, describe] of Object.entries(PAGES)) {
  const file = new URL(path, root);
  const text = describe();
  if (!check) {
    await writeFile(file, text);
  } else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    process.stderr.write(`${path} is out of date: run npm run docs\n`);
    process.exitCode = 1;
  }
}
