/**
 * Clients that two generators make of the /openapi.json that a running service serves. They compile strictly, their types
 * narrow (outside-clients/use-….ts.txt), and they read the answers of the service.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { expectOutsideClients, OUTSIDE_CLIENTS } from './outside-clients.ts';
import { startRunning } from '../running.ts';

const run = promisify(execFile);

const COMPILER = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));

/** `strict`, and what strict projects add. Not exactOptionalPropertyTypes: the own code of hey-api does not hold it. */
const STRICT = {
  compilerOptions: {
    ...{ target: 'ES2024', lib: ['ES2024', 'DOM', 'DOM.Iterable'], module: 'esnext', moduleResolution: 'bundler' },
    ...{ strict: true, noUncheckedIndexedAccess: true, noImplicitOverride: true, noFallthroughCasesInSwitch: true },
    ...{ noImplicitReturns: true, skipLibCheck: false, noEmit: true, types: [] },
  },
  include: ['.'],
};

type Generate = (document: string, folder: string) => Promise<unknown>;

const GENERATORS: Readonly<Record<'hey-api' | 'orval', Generate>> = {
  'hey-api': (document, folder) =>
    runOutside('@hey-api/openapi-ts/bin/run.js', ['-i', document, '-o', join(folder, 'hey-api'), '--no-log-file']),
  async orval(document, folder) {
    const baseUrl = { getBaseUrlFromSpecification: true };
    const output = { target: join(folder, 'orval/api.ts'), client: 'fetch', baseUrl };
    const config = join(folder, 'orval.config.mjs');
    await writeFile(config, `export default ${JSON.stringify({ api: { input: { target: document }, output } })};`);
    await runOutside('orval/dist/bin/orval.mjs', ['--config', config]);
    await rm(config);
  },
};

async function runOutside(program: string, args: readonly string[]): Promise<unknown> {
  return await run(process.execPath, [join(OUTSIDE_CLIENTS, 'node_modules', program), ...args], {
    cwd: OUTSIDE_CLIENTS,
  });
}

interface Generated {
  readonly url: string;
  readonly token: string;
  /** Of the code that uses the generated client, in the same folder. */
  readonly usePath: string;
  /** Resolves with what the compiler says; empty when it finds nothing. */
  compile(): Promise<string>;
}

async function generate(name: keyof typeof GENERATORS): Promise<Generated> {
  const running = await startRunning();
  const url = `http://127.0.0.1:${running.port}`;
  const folder = await mkdtemp(join(tmpdir(), 'generated-client-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const served = (await (await fetch(`${url}/openapi.json`)).json()) as object;
  const document = join(folder, 'openapi.json');
  // The service of this test has no public address.
  await writeFile(document, JSON.stringify({ ...served, servers: [{ url }] }));
  await GENERATORS[name](document, folder);
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(STRICT));
  const usePath = join(folder, `use-${name}.ts`);
  await copyFile(join(OUTSIDE_CLIENTS, `use-${name}.ts.txt`), usePath);
  const compile = async (): Promise<string> =>
    await run(process.execPath, [COMPILER, '-p', folder]).then(
      () => '',
      (error: unknown) => (error as { readonly stdout: string }).stdout,
    );
  return { url, token: await running.token(), usePath, compile };
}

type Invite = (emails: readonly string[], dryRun?: 'true' | 'false', lenient?: boolean) => Promise<string>;

/** The same sentences for both: what the generated client makes of each answer. */
async function expectAnswersRead(invite: Invite): Promise<void> {
  const eve = 'eve@rival.io: no rule lets you invite this address.';
  expect(await invite(['ann@acme.com'])).toBe('Galileo says {"invited":1}');
  expect(await invite(['eve@rival.io'], 'true')).toBe(`deny ${eve}`);
  expect(await invite(['ann@acme.com', 'eve@rival.io'], 'false', true)).toBe(`deny ${eve}`);
  expect(await invite(['eve@rival.io'])).toBe(`policy_denied Nothing was sent. ${eve}`);
  expect(await invite(['not an address'])).toContain('Value error, no at sign');
  expect(await invite(['invalid@acme.com'])).toContain('upstream_refused emails, entry 1: value is not a valid');
  expect(await invite(['hangup@acme.com'])).toContain('outcome_unknown The connection to Galileo broke');
}

beforeAll(expectOutsideClients);

describe('the client of @hey-api/openapi-ts', () => {
  it('compiles strictly, narrows every answer, and reads those of the service', async () => {
    const { url, token, usePath, compile } = await generate('hey-api');
    expect(await compile()).toBe('');
    const { client, invite } = (await import(usePath)) as {
      readonly client: { setConfig(config: object): unknown };
      readonly invite: (emails: readonly string[], dryRun: 'true' | 'false', lenient: boolean) => Promise<string>;
    };
    client.setConfig({ baseUrl: url, auth: token });
    await expectAnswersRead((emails, dryRun = 'false', lenient = false) => invite(emails, dryRun, lenient));
  });
});

describe('the client of orval', () => {
  it('compiles strictly, narrows every answer, and reads those of the service', async () => {
    const { token, usePath, compile } = await generate('orval');
    expect(await compile()).toBe('');
    const { invite } = (await import(usePath)) as {
      readonly invite: (
        token: string,
        emails: readonly string[],
        dryRun: 'true' | 'false',
        lenient: boolean,
      ) => Promise<string>;
    };
    await expectAnswersRead((emails, dryRun = 'false', lenient = false) => invite(token, emails, dryRun, lenient));
  });
});
