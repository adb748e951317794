import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/**
 * `node tools/failed-tests.ts REPORT`: a line for each failed test of a report of vitest (`--reporter=json`), with file,
 * name and first line of the error. A file that could not be loaded has a line, too.
 */

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

function print(name: string, error: string): void {
  process.stdout.write(`         ${name}: ${(error.split('\n', 1)[0] ?? '').slice(0, 300)}\n`);
}
