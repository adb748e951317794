import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './source-tree.ts';
import { CLIENT_LACKS, CORE_GLOBALS, CORE_PROPERTIES, PACKAGE_HOMES } from './walls.ts';

/**
 * The import rules that lint and the compiler enforce, each shown to work. A copy of the repository's own configuration
 * runs in a temporary folder with one planted violation per rule, and with a control file that breaks none.
 */
const run = promisify(execFile);
const TOOLS = join(ROOT, 'node_modules', '.bin');
const CONFIGURATION = [
  'oxlint.config.ts',
  'tsconfig.base.json',
  'tsconfig.json',
  'tsconfig.workers.json',
  'src/tsconfig.json',
  'test/arch/walls.ts',
  'package.json',
];

const house = mkdtempSync(join(tmpdir(), 'house-'));
afterAll(() => rmSync(house, { recursive: true, force: true }));

function plant(path: string, text: string): void {
  mkdirSync(dirname(join(house, path)), { recursive: true });
  writeFileSync(join(house, path), text);
}

/** A tool's output, whatever its exit code: both tools exit non-zero when they report something. */
async function said(tool: string, ...args: readonly string[]): Promise<string> {
  return run(join(TOOLS, tool), args, { cwd: house, maxBuffer: 64 << 20 }).then(
    ({ stdout, stderr }) => stdout + stderr,
    (failure: unknown) => {
      const { stdout, stderr } = failure as { stdout: string; stderr: string };
      return stdout + stderr;
    },
  );
}

beforeAll(() => {
  for (const path of CONFIGURATION) {
    mkdirSync(dirname(join(house, path)), { recursive: true });
    cpSync(join(ROOT, path), join(house, path));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(house, 'node_modules'));
});

describe('lint refuses in the client', () => {
  const cases = [
    ...CLIENT_LACKS.map((name) => ({
      banned: name,
      rule: 'no-restricted-globals',
      code: `export const x: unknown = ${name};`,
    })),
    { banned: 'a package', rule: 'no-restricted-imports', code: "export type * as x from 'zod';" },
    { banned: 'node:', rule: 'no-restricted-imports', code: "export type * as x from 'node:fs';" },
    { banned: 'a file of src/', rule: 'no-restricted-imports', code: "export type * as x from '../../src/app.ts';" },
    { banned: 'a default export', rule: 'no-default-export', code: 'const x = 1;\nexport default x;' },
  ].flatMap((violation, i) => [
    { ...violation, path: `client/src/planted-${String(i)}.ts` },
    {
      ...violation,
      path: `client/src/room/planted-${String(i)}.ts`,
      code: violation.code.replace("'../../", "'../../../"),
    },
  ]);
  let report = '';

  beforeAll(async () => {
    for (const { path, code } of cases) plant(path, `${code}\n`);
    plant('client/src/innocent.ts', "export type * as x from './planted-0.ts';\nexport const y: unknown = fetch;\n");
    plant('client/src/room/innocent.ts', "export type * as x from '../planted-0.ts';\n");
    report = await said('oxlint', '-f', 'unix', 'client');
    rmSync(join(house, 'client'), { recursive: true });
  });

  it.each(cases)('$banned ($rule): $path', ({ path, rule }) => {
    const lines = report.split('\n').filter((line) => line.startsWith(`${path}:`));
    expect(lines.join('\n')).toContain(rule);
  });

  it('nothing that every runtime has', () => {
    expect(report).not.toContain('innocent');
  });
});

describe('lint refuses in the core', () => {
  const globals = Object.keys(CORE_GLOBALS).map((name) => ({
    banned: name,
    rule: 'no-restricted-globals',
    code: `export const x: unknown = ${name};`,
  }));
  const properties = CORE_PROPERTIES.map(([object, property]) => ({
    banned: `${object}.${property}`,
    rule: 'no-restricted-properties',
    code: `export const x: unknown = ${object}.${property};`,
  }));
  const packages = Object.keys(PACKAGE_HOMES).map((name) => ({
    banned: name,
    rule: 'no-restricted-imports',
    code: `export type * as x from '${name.endsWith(':') ? `${name}anything` : name}';`,
  }));
  const habits = [
    { banned: 'any', rule: 'no-explicit-any', code: 'export const x: any = 1;' },
    { banned: 'a floating promise', rule: 'no-floating-promises', code: 'export const x = async () => 1;\nx();' },
    {
      banned: 'a promise where a truth value is meant',
      rule: 'no-misused-promises',
      code: 'declare const p: Promise<boolean>;\nexport const x = p ? 1 : 2;',
    },
    {
      banned: 'a switch that forgets a case',
      rule: 'switch-exhaustiveness-check',
      code: "declare const k: 'a' | 'b';\nexport let x = 0;\nswitch (k) {\n  case 'a':\n    x = 1;\n}",
    },
    { banned: 'a default export', rule: 'no-default-export', code: 'const x = 1;\nexport default x;' },
    {
      banned: 'a value import of a type',
      rule: 'consistent-type-imports',
      code: "import { Clock } from '../ports/clock.ts';\nexport type X = Clock;",
    },
  ];
  // lib/ may import two packages only, and ledger/ may import neither of these two.
  const cases = [...globals, ...properties, ...packages, ...habits].map((violation, i) => ({
    ...violation,
    path: `src/${violation.banned === '@noble/hashes' || violation.banned === 'canonicalize' ? 'ledger' : 'lib'}/planted-${String(i)}.ts`,
  }));
  let report = '';

  beforeAll(async () => {
    plant('src/ports/clock.ts', 'export interface Clock {\n  now(): number;\n}\n');
    for (const { path, code } of cases) plant(path, `${code}\n`);
    plant(
      'src/lib/innocent.ts',
      "import { sha256 } from '@noble/hashes/sha2.js';\n\nexport const x = (at: number): unknown => [new Date(at), Math.max(at, 1), sha256];\n",
    );
    for (const file of ['platform/node/runtime.ts', 'node.ts', 'cli/now.ts'])
      plant(`src/${file}`, 'export const x = (): unknown => [Date.now(), process.pid];\n');
    report = await said('oxlint', '-f', 'unix');
  });

  it.each(cases)('$banned ($rule)', ({ path, rule }) => {
    expect(
      report
        .split('\n')
        .filter((line) => line.startsWith(`${path}:`))
        .join('\n'),
    ).toContain(rule);
  });

  it('nothing that is allowed, and nothing of the kind outside the core', () => {
    for (const file of ['lib/innocent.ts', 'platform/node/runtime.ts', 'node.ts', 'cli/now.ts'])
      expect(report).not.toContain(`src/${file}:`);
  });
});

describe('the compiler', () => {
  const offences = [
    {
      banned: 'node:fs',
      path: 'src/lib/compiled-1.ts',
      code: "import { readFileSync } from 'node:fs';\nexport const x: unknown = readFileSync;",
    },
    { banned: 'process', path: 'src/lib/compiled-2.ts', code: 'export const x: unknown = process;' },
    { banned: 'Buffer', path: 'src/lib/compiled-3.ts', code: 'export const x: unknown = Buffer;' },
    {
      banned: 'cloudflare:workers',
      path: 'src/lib/compiled-4.ts',
      code: "import { DurableObject } from 'cloudflare:workers';\nexport const x: unknown = DurableObject;",
    },
    {
      banned: 'an enum (nothing but erasable syntax)',
      path: 'src/lib/compiled-5.ts',
      code: 'export enum X {\n  A,\n}',
    },
  ];
  let core = '';
  let node = '';

  beforeAll(async () => {
    rmSync(join(house, 'src/lib'), { recursive: true, force: true });
    rmSync(join(house, 'src/ledger'), { recursive: true, force: true });
    for (const { path, code } of offences) plant(path, `${code}\n`);
    const asNode = '{ "extends": "./tsconfig.json", "include": ["src"], "exclude": [] }';
    plant('tsconfig.as-node.json', asNode);
    [core, node] = await Promise.all([said('tsc', '-p', 'src'), said('tsc', '-p', 'tsconfig.as-node.json')]);
  });

  it.each(offences)('refuses $banned in the core', ({ path }) => {
    expect(core).toContain(path.slice('src/'.length));
  });

  it('allows node:fs and process where Node is, so it is the wall that refuses and not a missing package', () => {
    expect(node).not.toContain('compiled-1');
    expect(node).not.toContain('compiled-2');
  });

  it('finds no runtime’s types among the files of the real core', async () => {
    const { stdout } = await run(join(TOOLS, 'tsc'), ['-p', join(ROOT, 'src'), '--listFilesOnly'], {
      maxBuffer: 64 << 20,
    });
    expect(stdout).toContain('canonical-json.ts');
    expect(stdout.split('\n').filter((path) => /@types[\\/]node|workers-types/.test(path))).toEqual([]);
  });
});
