import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from './source-tree.ts';

/** tools/setup.mjs with a double of npm. The double empties node_modules as `npm ci` does, and counts its calls. */
const NPM = `
import { appendFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
rmSync('node_modules', { recursive: true, force: true });
mkdirSync('node_modules');
process.exit(existsSync('npm-fails') ? 7 : 0);
`;

let clone = '';
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'clone-'));
  mkdirSync(join(clone, 'tools'));
  cpSync(join(ROOT, 'tools/setup.mjs'), join(clone, 'tools/setup.mjs'));
  writeFileSync(join(clone, 'npm.mjs'), NPM);
  writeFileSync(join(clone, 'package-lock.json'), '{"one":1}');
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

function setup(): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['tools/setup.mjs'], {
    cwd: clone,
    encoding: 'utf8',
    env: { ...process.env, npm_execpath: join(clone, 'npm.mjs'), npm_node_execpath: process.execPath },
  });
  return { status, said: stdout + stderr };
}

const calls = (): string[] =>
  existsSync(join(clone, 'npm-calls')) ? readFileSync(join(clone, 'npm-calls'), 'utf8').trim().split('\n') : [];

describe('setup', () => {
  it('installs the locked packages in an empty clone, without running their scripts', () => {
    expect(setup().status).toBe(0);
    expect(calls()).toHaveLength(1);
    expect(calls()[0]).toMatch(/^ci .*--ignore-scripts/);
  });

  it('is silent and installs nothing when the lock is as it was', () => {
    setup();
    expect(setup()).toEqual({ status: 0, said: '' });
    expect(calls()).toHaveLength(1);
  });

  it('installs again when the lock has changed', () => {
    setup();
    writeFileSync(join(clone, 'package-lock.json'), '{"two":2}');
    expect(setup().status).toBe(0);
    expect(calls()).toHaveLength(2);
  });

  it('fails with npm’s own code when npm fails, and tries again the next time', () => {
    writeFileSync(join(clone, 'npm-fails'), '');
    expect(setup().status).toBe(7);
    rmSync(join(clone, 'npm-fails'));
    expect(setup().status).toBe(0);
    expect(calls()).toHaveLength(2);
  });
});

describe('setup on a machine', () => {
  const machines = [
    { machine: 'linux x64 glibc v20.20.2', refused: false },
    { machine: 'linux arm64 glibc v18.0.0', refused: false },
    { machine: 'linux x64 other v20.20.2', refused: true },
    { machine: 'darwin arm64 other v22.12.0', refused: true },
    { machine: 'darwin arm64 other v24.11.1', refused: true },
    { machine: 'darwin arm64 other v24.12.0', refused: false },
    { machine: 'win32 x64 other v26.0.0', refused: false },
  ];

  it.each(machines)('like $machine: refused is $refused', async ({ machine, refused }) => {
    const { refusal } = await import('../../tools/setup.mjs');
    const [platform = '', arch = '', libc = '', version = ''] = machine.split(' ');
    const reason = refusal({ platform, arch, libc, version });
    expect(reason !== null).toBe(refused);
    if (refused) expect(reason).toContain('24.12');
  });
});
