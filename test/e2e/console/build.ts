/** Builds the Worker with the policy of these tests, once for all of their files. Vitest runs this before the first. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { ROOT } from '../../arch/source-tree.ts';

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-console-'));
  await promisify(execFile)(
    process.execPath,
    [join(ROOT, 'node_modules/wrangler/bin/wrangler.js'), 'deploy', '--dry-run', '--env', '', '--outdir', folder],
    { cwd: ROOT, env: { ...process.env, POLICY_FILE: 'test/e2e/console/policy.yaml' } },
  );
  project.provide('workerDir', folder);
  return () => rm(folder, { recursive: true });
}
