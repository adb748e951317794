import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

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

  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'tools/failed-tests.ts'), report], {
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
