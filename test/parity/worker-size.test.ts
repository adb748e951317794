/** The Worker that the suite built has the size that `npm run deploy:check` allows. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { MAX_PROGRAM_GZIP_BYTES, programSize } from '../../tools/worker-size.ts';

it('the program of the Worker is not larger than it may be', async () => {
  const [program, policy] = await Promise.all([
    readFile(join(inject('workerDir'), 'main.js')),
    readFile('dist/worker/policy.json'),
  ]);
  const { size } = programSize(program, policy);
  // A build without the program would be small, too.
  expect(size).toBeGreaterThan(MAX_PROGRAM_GZIP_BYTES / 4);
  expect(size).toBeLessThanOrEqual(MAX_PROGRAM_GZIP_BYTES);
});
