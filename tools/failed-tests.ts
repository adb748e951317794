import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/**
 * `node tools/failed-tests.ts REPORT`: each failed test of a report of vitest (`--reporter=json`), with file, name, the
 * first lines of the error, and the line of the test that it came from. So is a file that could not be loaded.
 */

const SAID_LINES = 8;

/** The members that are read of vitest's JSON report. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const report = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Report;
for (const file of report.testResults) {
  const name = relative(process.cwd(), file.name);
  const failed = file.assertionResults.filter(({ status }) => status === 'failed');
  for (const test of failed) print(`${name} > ${test.fullName}`, test.failureMessages[0] ?? '');
  if (failed.length === 0 && file.status === 'failed') print(name, file.message);
}

/** A browser's own log of a step says which one did not come; the place is the first line of the stack within test/. */
function print(name: string, error: string): void {
  // Colours of a terminal. The escape character is what is removed.
  // oxlint-disable-next-line no-control-regex
  const lines = error.replaceAll(/\u001B\[\d*m/g, '').split('\n');
  const stack = lines.findIndex((line) => /^\s+at /.test(line));
  const said = lines.slice(0, stack === -1 ? 1 : Math.min(stack, SAID_LINES)).filter((line) => line.trim() !== '');
  const place = /\btest\/[^\s:)]+:\d+/.exec(lines.slice(stack).join('\n'))?.[0];
  const [first = '', ...rest] = said.map((line) => line.trim().slice(0, 300));
  process.stdout.write(`         ${name}: ${first}\n`);
  for (const line of [...rest, ...(place === undefined ? [] : [`at ${place}`])])
    process.stdout.write(`           ${line}\n`);
}
