/**
 * `node tools/ci/run-again.ts REPORT ARGUMENT…`: whether the failed tests of a report of vitest pass when their files run once
 * more, by themselves, with these arguments for vitest. Exit code 0: they do, and the run counts as passed; .ci/run still names
 * them, because each is a fault to be found.
 *
 * Only for a step that did not come: with real programs on a busy machine, a browser or a connection can fail by itself. What
 * a test asserts is never asked twice: one false assertion in the report, or more than a few failures, and nothing is run.
 */
import { spawnSync } from 'node:child_process';
import { readFailures } from './test-report.ts';
import type { Failure } from './test-report.ts';

const MOST = 3;
/** Of vitest (a test or a hook), of playwright, of Node's sockets. */
const DID_NOT_COME =
  /^(?:\w*Error: )?(?:(?:Test|Hook) timed out in |[\w.]+: Timeout \d+ms exceeded|.*\b(?:ECONNRESET|ECONNREFUSED|EPIPE)\b|socket hang up|write after end|.*Target (?:page|crashed|closed))/;

export function mayRunAgain(failures: readonly Failure[]): boolean {
  return (
    failures.length > 0 &&
    failures.length <= MOST &&
    failures.every(({ test, error }) => test !== null && DID_NOT_COME.test(error) && !error.includes('AssertionError'))
  );
}

if (import.meta.main) {
  const [report = '', ...vitest] = process.argv.slice(2);
  const failures = readFailures(report);
  if (mayRunAgain(failures)) {
    const files = [...new Set(failures.map(({ file }) => file))];
    process.stdout.write(`\n── once more: ${files.join(' ')}\n`);
    process.exitCode = spawnSync('vitest', ['run', ...vitest, ...files], { stdio: 'inherit' }).status ?? 1;
  } else {
    process.exitCode = 1;
  }
}
