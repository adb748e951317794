import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../arch/source-tree.ts';

function askToken(...args: readonly string[]) {
  return spawnSync(process.execPath, [join(ROOT, 'dev/token.ts'), ...args], { cwd: ROOT, encoding: 'utf8' });
}

it.each<[readonly string[], string]>([
  [['ann'], 'ann is a person: --user ann'],
  [['nobody'], 'the clients are hr-portal, it-desk, audit-desk, settle-desk, no-rights'],
  [['--user', 'nobody'], 'the people are ann, ian, kim, nora'],
  [['hr-portal', 'it-desk'], 'one client is enough'],
])('npm run token says what to write instead of %j', (args, sentence) => {
  expect(askToken(...args)).toMatchObject({ status: 1, stdout: '', stderr: `no token: ${sentence}\n` });
});
