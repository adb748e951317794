import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { mayRunAgain } from '../../tools/ci/run-again.ts';

/** What the summary of .ci/run says of failed tests: often the only part of its output that is still there. */

const root = join(import.meta.dirname, '../..');

test('the summary names each failed test, and each file that could not be loaded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'failed-tests-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const report = join(folder, 'report.json');
  const passed = { status: 'passed', fullName: 'a door opens', failureMessages: [] };
  const failed = {
    status: 'failed',
    fullName: 'a door closes',
    failureMessages: [
      `Error: it is stuck\nCall log:\n\u001B[2m  - waiting for the key\u001B[22m\n\n    at wait (node_modules/x.js:1:1)\n    at ${root}/test/door.test.ts:7:3\n    at test/later.ts:9:1`,
    ],
  };
  await writeFile(
    report,
    JSON.stringify({
      testResults: [
        { name: join(root, 'test/door.test.ts'), status: 'failed', message: '', assertionResults: [passed, failed] },
        { name: join(root, 'test/window.test.ts'), status: 'passed', message: '', assertionResults: [passed] },
        { name: join(root, 'test/roof.test.ts'), status: 'failed', message: 'SyntaxError: no', assertionResults: [] },
      ],
    }),
  );

  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'tools/ci/failed-tests.ts'), report], {
    cwd: root,
  });

  expect(stdout.split('\n').map((line) => line.trim())).toEqual([
    'test/door.test.ts > a door closes: Error: it is stuck',
    'Call log:',
    '- waiting for the key',
    'at test/door.test.ts:7',
    'test/roof.test.ts: SyntaxError: no',
    '',
  ]);
});

const failure = (error: string) => ({ file: 'test/door.test.ts', test: 'a door closes', error });
const LATE = failure('Error: Test timed out in 120000ms.');

test.each([
  'Error: Test timed out in 120000ms.\nIf this is a long-running test, …',
  'Error: Hook timed out in 120000ms.',
  'TimeoutError: locator.waitFor: Timeout 100000ms exceeded.\nCall log:',
  'locator.waitFor: Timeout 100000ms exceeded.',
  'Error: read ECONNRESET',
  'Error: connect ECONNREFUSED 127.0.0.1:9\n    at x',
  'Error: socket hang up',
  'Error: write after end',
  'locator.click: Target page, context or browser has been closed',
])('a step that did not come may be tried once more: %s', (error) => {
  expect(mayRunAgain([LATE, failure(error)])).toBe(true);
});

test.each([
  'AssertionError: expected 200 to be 403',
  "AssertionError: expected [ 'read ECONNRESET' ] to deeply equal []",
  'AssertionError: expected false to be true\n    Caused by: Error: Test timed out in 120000ms.',
  "TypeError: Cannot read properties of undefined (reading 'x')",
  'Error: 3 invites were sent twice',
])('what a test asserts is not asked twice: %s', (error) => {
  expect(mayRunAgain([LATE, failure(error)])).toBe(false);
});

test('nor is a file that could not be loaded, or a run with many failures', () => {
  expect(mayRunAgain([{ ...LATE, test: null }])).toBe(false);
  expect(mayRunAgain(Array.from({ length: 4 }, () => LATE))).toBe(false);
  expect(mayRunAgain([])).toBe(false);
});
