/**
 * Builds the Worker once for all files of the suite, with the deploy command and the suite's policy. Vitest runs this
 * before the first test.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

declare module 'vitest' {
  export interface ProvidedContext {
    readonly workerDir: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-worker-'));
  await promisify(execFile)(
    process.execPath,
    [join(ROOT, 'node_modules/wrangler/bin/wrangler.js'), 'deploy', '--dry-run', '--env', '', '--outdir', folder],
    { cwd: ROOT, env: { ...process.env, POLICY_FILE: 'test/parity/policy.yaml' } },
  );
  project.provide('workerDir', folder);
  return () => rm(folder, { recursive: true });
}
