/** bin/galileo-invite-proxy.mjs, which any Node must be able to read. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ROOT } from './source-tree.ts';

const SHIM = 'bin/galileo-invite-proxy.mjs';

function runAs(version: string, root = ROOT): { status: number | null; stdout: string; stderr: string } {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });
    Object.defineProperty(process, 'version', { value: 'v${version}' });`;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, join(root, SHIM), '--version'];
  return spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
}

/** The command alone, with `entry` as src/cli.ts. */
function folderWith(entry: string): string {
  const root = mkdtempSync(join(tmpdir(), 'shim-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const folder of ['bin', 'src']) mkdirSync(join(root, folder));
  cpSync(join(ROOT, SHIM), join(root, SHIM));
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'src/cli.ts'), entry);
  return root;
}

it.each(['18.20.8', '20.20.2', '22.12.0', '24.11.1'])('the command says which Node it needs, on %s', (version) => {
  expect(runAs(version)).toMatchObject({
    status: 2,
    stdout: '',
    stderr: `galileo-invite-proxy: needs Node 24.12 or later; this is v${version}\n`,
  });
});

it.each(['24.12.0', '24.21.0', '26.0.0'])('the command runs on %s', (version) => {
  expect(runAs(version)).toMatchObject({ status: 0, stdout: expect.stringMatching(/^galileo-invite-proxy \d/) });
});

it('npm run cli gives node no option that an old Node refuses before the command can speak', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { cli: string } };
  expect(scripts.cli).toBe(`exec node ${SHIM}`);
});

it('the command takes SIGUSR1 before anything else is loaded, so that it opens no debugger', () => {
  const root = folderWith("console.log(process.listenerCount('SIGUSR1'));\n");
  expect(runAs('24.12.0', root)).toMatchObject({ status: 0, stdout: '1\n' });
});

it('the command says that the packages are not installed', () => {
  const root = folderWith("import 'a-package-that-is-not-there';\n");
  expect(runAs('24.12.0', root)).toMatchObject({
    status: 2,
    stderr: 'galileo-invite-proxy: the packages are not installed; run npm ci\n',
  });
});

it('package, setup and command agree on the oldest Node', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    engines: { node: string };
    bin: Record<string, string>;
  };
  expect(manifest.bin).toEqual({ 'galileo-invite-proxy': SHIM });
  expect(manifest.engines.node).toBe('>=24.12');
  for (const file of [SHIM, 'tools/setup.mjs'])
    expect(readFileSync(join(ROOT, file), 'utf8')).toContain('OLDEST_NODE = { major: 24, minor: 12 }');
});
