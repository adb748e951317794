import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXAMPLE_EXCHANGES } from '../../../src/openapi/examples/exchanges.ts';
import { clientCallOf } from '../../../tools/reference/examples/client-call.ts';
import type { PackedClient } from './packed.ts';
import { packClient } from './packed.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const COMPILERS = { 'the compiler of this project': 'node_modules', 'TypeScript 6': 'tools/api-types/node_modules' };
const MAX_BYTES = 6 * 1024;
const MAX_AUDIT_BYTES = 4 * 1024;

const STRICT = {
  ...{ noEmit: true, strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
  // Every declaration of the package is checked, too.
  skipLibCheck: false,
  ...{ target: 'es2022', lib: ['es2022', 'dom'], types: [] },
};

const PAGE = `
import { createInviteClient, firstOpinion, InviteProblem, OutcomeUnknown, parseAddresses } from 'galileo-invite-client';
import type { InvitePolicy, Sent } from 'galileo-invite-client';

const invites = createInviteClient({ url: 'https://invites.example', token: async ({ renew }) => (renew ? 'b' : 'a') });
export async function send(text: string, policy: InvitePolicy): Promise<Sent | string> {
  const { addresses, rejected } = parseAddresses(text);
  const first = firstOpinion(policy, { emails: addresses }).map(({ opinion }) => opinion === 'refused by what you can see');
  try {
    return await invites.inviteUsers({ emails: addresses, auth_method: 'okta' }, { lenient: first.includes(true) });
  } catch (problem) {
    if (problem instanceof OutcomeUnknown) return (await invites.waitForOutcome(problem.requestId ?? '')).state;
    if (problem instanceof InviteProblem) return problem.message + rejected.length;
    throw problem;
  }
}
// @ts-expect-error a role that Galileo does not have
void invites.inviteUsers({ emails: ['ann@acme.com'], role: 'owner' });
`;

/** What the examples of the README take from the page around them. */
const AROUND = `
import { createInviteClient } from 'galileo-invite-client';
import type { AuditCounts } from 'galileo-invite-client/audit';
import type { AddressDecision, BatchPlan, InvitePolicy, MalformedEntry, QuotaLeft } from 'galileo-invite-client';
declare global {
  const session: { accessToken(): Promise<string> };
  const show: (text: string, quotas?: readonly QuotaLeft[]) => void;
  const showDecisions: (decisions: readonly (AddressDecision | MalformedEntry)[]) => void;
  const showPending: (requestId: string | null) => void;
  const progressBar: (done: number, total: number) => void;
  const save: (plan: BatchPlan) => void;
  const addresses: string[];
  const policy: InvitePolicy;
  const invites: ReturnType<typeof createInviteClient>;
  const drawChart: (counts: AuditCounts) => void;
}
`;

/** The examples of the README, each as a module. */
async function readmeExamples(): Promise<Readonly<Record<string, string>>> {
  const readme = await readFile(join(ROOT, 'client/README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = '']) => `${code}\nexport {};\n`);
  return Object.fromEntries(blocks.map((code, at) => [`readme-${at + 1}.ts`, code]));
}

/** The calls of the client on the reference page, each as a module. The 422 shows what a compiler refuses. */
function referenceExamples(): Readonly<Record<string, string>> {
  const around = `import { ${THROWN.join(', ')} } from 'galileo-invite-client';
declare const show: (value: unknown) => void;
declare const token: string;
void [${THROWN.join(', ')}, show, token];
`;
  return Object.fromEntries(
    EXAMPLE_EXCHANGES.filter(({ name }) => name !== 'invalid_request').map((exchange, at) => [
      `reference-${String(at + 1)}.ts`,
      `${around}${clientCallOf(exchange, 'https://invites.example.com').code}\nexport {};\n`,
    ]),
  );
}

const THROWN = ['InviteProblem', 'InvalidRequest', 'OutcomeUnknown', 'PolicyDenied', 'QuotaExhausted'];

let packed: PackedClient;
beforeAll(async () => {
  packed = await packClient();
});
afterAll(() => packed.remove());

describe('the packed client', () => {
  it('holds its modules, their types, its description and nothing else', () => {
    const modules = readdirSync(join(ROOT, 'client/src'), { encoding: 'utf8', recursive: true })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => file.replace(/\.ts$/, ''));
    const built = modules.flatMap((name) => [`dist/${name}.d.ts`, `dist/${name}.js`]);
    expect(packed.files).toEqual(['README.md', 'package.json', ...built].toSorted());
  });

  it('needs no package and runs no script when it is installed', async () => {
    const manifest = JSON.parse(
      await readFile(join(packed.project, 'node_modules/galileo-invite-client/package.json'), 'utf8'),
    ) as Record<string, unknown>;
    for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies', 'bundleDependencies'])
      expect(manifest).not.toHaveProperty(kind);
    expect(Object.keys(manifest['scripts'] as object).filter((name) => /install|^prepare$/.test(name))).toEqual([]);
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(manifest['version']).toBe(version);
  });

  it.each([
    ['galileo-invite-client', MAX_BYTES],
    ['galileo-invite-client/audit', MAX_AUDIT_BYTES],
  ])('costs a page that imports %s at most %i bytes, minified and gzipped', async (entry, maxBytes) => {
    const { outputFiles } = await build({
      stdin: { contents: `export * from '${entry}';`, resolveDir: packed.project },
      ...{ bundle: true, minify: true, write: false, format: 'esm', target: 'es2022', platform: 'neutral' },
    });
    const [bundle] = outputFiles;
    expect(gzipSync(bundle?.contents ?? '', { level: 9 }).byteLength).toBeLessThanOrEqual(maxBytes);
  });

  it('runs in Node as it is', async () => {
    const script = "import('galileo-invite-client').then((all) => console.log(Object.keys(all).join()))";
    const { stdout } = await run(process.execPath, ['-e', script], { cwd: packed.project });
    expect(stdout.trim().split(',')).toEqual(
      expect.arrayContaining(['createInviteClient', 'firstOpinion', 'parseAddresses', 'OutcomeUnknown']),
    );
  });

  it.each(Object.entries(COMPILERS))(
    'has types that %s reads strictly, however modules are resolved, also in the examples of its README and of the reference',
    async (_, modules) => {
      const examples = await readmeExamples();
      expect(Object.keys(examples)).toHaveLength(4);
      const calls = referenceExamples();
      expect(Object.values(calls).filter((code) => code.includes('await invites.')).length).toBeGreaterThan(20);
      const sources = {
        'page.ts': PAGE,
        'around.ts': AROUND,
        ...examples,
        ...calls,
        'package.json': '{"type":"module"}',
      };
      for (const [file, text] of Object.entries(sources)) await writeFile(join(packed.project, file), text);
      const files = Object.keys(sources).filter((file) => file.endsWith('.ts'));
      const resolutions = [
        { module: 'nodenext', moduleResolution: 'nodenext' },
        { module: 'esnext', moduleResolution: 'bundler' },
      ];
      for (const resolution of resolutions) {
        const paths = { '@opentelemetry/api': [join(ROOT, 'node_modules/@opentelemetry/api/build/src/index.d.ts')] };
        const compilerOptions = { ...STRICT, ...resolution, paths };
        await writeFile(join(packed.project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
        const compiler = join(ROOT, modules, 'typescript/bin/tsc');
        const { stdout } = await run(process.execPath, [compiler, '-p', '.'], { cwd: packed.project }).catch(
          (error: unknown) => error as { stdout: string },
        );
        expect(stdout).toBe('');
      }
    },
  );
});
