/**
 * `node tools/ci/failed-tests.ts REPORT`: each failed test of a report of vitest, with file, name, the first lines of the
 * error, and the line of the test that it came from. So is a file that could not be loaded.
 */
import { readFailures } from './test-report.ts';

/** A browser's own log of a step, which says which one did not come, is no longer. */
const SAID_LINES = 8;

for (const { file, test, error } of readFailures(process.argv[2] ?? '')) {
  const lines = error.split('\n');
  const stack = lines.findIndex((line) => /^\s+at /.test(line));
  const said = lines.slice(0, stack === -1 ? 1 : Math.min(stack, SAID_LINES)).filter((line) => line.trim() !== '');
  const place = stack === -1 ? undefined : /\btest\/[^\s:)]+:\d+/.exec(lines.slice(stack).join('\n'))?.[0];
  const [first = '', ...rest] = said.map((line) => line.trim().slice(0, 300));
  process.stdout.write(`         ${test === null ? file : `${file} > ${test}`}: ${first}\n`);
  for (const line of [...rest, ...(place === undefined ? [] : [`at ${place}`])])
    process.stdout.write(`           ${line}\n`);
}
