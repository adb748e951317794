/**
 * `npm run deploy:check`: builds the Worker as `wrangler deploy` would, without uploading it, and checks
 * - its size, and the share of each dependency;
 * - that it contains no foreign file or module;
 * - the CPU time of its start-up, which is printed but not judged where CI=true;
 * - that it would accept the settings in wrangler.toml, and that none of them is a secret.
 * Exits 1 when a check fails. Needs no network and no account.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unstable_readConfig } from 'wrangler';
import type { SettingRow } from '../src/config/schema.ts';
import { SETTINGS } from '../src/config/schema.ts';
import { readConfig } from '../src/platform/workers/config.ts';
import { measureStartup } from './measure-startup.ts';
import { MAX_PROGRAM_GZIP_BYTES, programSize } from './worker-size.ts';

/** CPU time above that of an empty Worker. */
const MAX_STARTUP_MS = 80;
const STARTUP_ROUNDS = 7;
const ENVIRONMENTS = ['staging', 'production'] as const;
const SAMPLE_POLICY = 'examples/policies/hr-portal-only.yaml';

/** What must not be in a Worker: files by their path in the bundle, and modules by their name in the program. */
const FOREIGN_FILES =
  /(?:^|\/)node_modules\/(?:pg|undici|prom-client|yaml|wrangler|miniflare|@hono\/node-server)\/|(?:^|\/)(?:dev|test|tools)\/|src\/platform\/node\/|src\/(?:cli\/|cli\.ts|node\.ts)/;
const FOREIGN_MODULES = /["'](?:node:sqlite|node:child_process|node:cluster)["']/;

/** The part of wrangler's own view of its file that is used here. */
interface WranglerConfig {
  readonly compatibility_date?: string;
  readonly compatibility_flags: readonly string[];
  readonly vars: Readonly<Record<string, unknown>>;
  readonly secrets?: { readonly required?: readonly string[] };
  readonly secrets_store_secrets: readonly { readonly binding: string }[];
  readonly durable_objects: { readonly bindings: readonly { readonly name: string }[] };
  readonly queues: { readonly producers?: readonly { readonly binding: string }[] };
}

interface Metafile {
  readonly outputs: Readonly<Record<string, { readonly inputs: Readonly<Record<string, { bytesInOutput: number }>> }>>;
}

/** The speed of a CI machine is unknown: there the time is printed and not judged. */
const isCi = process.env.CI === 'true';

const problems: string[] = [];
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const ms = (time: number): string => `${time.toFixed(0)} ms`;
const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;

function wrangler(...args: readonly string[]): void {
  const run = spawnSync(process.execPath, ['node_modules/wrangler/bin/wrangler.js', ...args], {
    encoding: 'utf8',
    env: {
      ...process.env,
      DO_NOT_TRACK: '1',
      WRANGLER_SEND_METRICS: 'false',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      NO_COLOR: '1',
      POLICY_FILE: policyFile,
    },
  });
  if (run.status === 0) return;
  process.stderr.write(`${run.stdout}${run.stderr}`);
  throw new Error(`wrangler ${args[0] ?? ''} failed`);
}

const ownPolicy = process.env.POLICY_FILE ?? 'policy.yaml';
const hasPolicy = await readFile(ownPolicy).then(
  () => true,
  () => false,
);
if (!hasPolicy && process.env.POLICY_FILE !== undefined) problems.push(`POLICY_FILE: ${ownPolicy} cannot be read`);
const policyFile = hasPolicy ? ownPolicy : SAMPLE_POLICY;
print(`policy: ${policyFile}${hasPolicy ? '' : ' (a sample: there is no policy.yaml here)'}`);

const folder = await mkdtemp(join(tmpdir(), 'deploy-check-'));
try {
  for (const environment of ENVIRONMENTS) await checkSettings(environment);
  await checkBundle();
  await checkStartup();
} finally {
  await rm(folder, { recursive: true });
}
for (const problem of problems) print(`NOT OK  ${problem}`);
print(problems.length === 0 ? 'ok: the Worker can be deployed' : 'the Worker must not be deployed');
process.exitCode = problems.length === 0 ? 0 : 1;

function readWranglerConfig(environment: (typeof ENVIRONMENTS)[number]): WranglerConfig {
  return unstable_readConfig({ config: 'wrangler.toml', env: environment }, { hideWarnings: true }) as WranglerConfig;
}

/** Secrets count as present: they are not in the file. */
async function checkSettings(environment: (typeof ENVIRONMENTS)[number]): Promise<void> {
  const config = readWranglerConfig(environment);
  const secrets = [...(config.secrets?.required ?? []), ...config.secrets_store_secrets.map(({ binding }) => binding)];
  const bound = [
    ...config.durable_objects.bindings.map(({ name }) => name),
    ...(config.queues.producers?.map(({ binding }) => binding) ?? []),
  ];
  const read = await readConfig({
    ...config.vars,
    ...Object.fromEntries(secrets.map((name) => [name, { get: () => Promise.reject(new Error('not here')) }])),
    ...Object.fromEntries(bound.map((name) => [name, {}])),
  });
  const exposed = Object.entries<SettingRow>(SETTINGS)
    .filter(([name, { secret }]) => secret === true && Object.hasOwn(config.vars, name))
    .map(([name]) => name);
  print(`settings of ${environment}: ${read.kind === 'loaded' && exposed.length === 0 ? 'ok' : 'refused'}`);
  problems.push(
    ...exposed.map(
      (name) => `${environment}: ${name} is a secret, and anyone can read vars: set it with --secrets-file`,
    ),
  );
  if (read.kind === 'refused') problems.push(...read.problems.map((problem) => `${environment}: ${problem}`));
}

async function checkBundle(): Promise<void> {
  print('building the Worker, as wrangler deploy would (some seconds) …');
  const metafile = join(folder, 'meta.json');
  wrangler('deploy', '--dry-run', '--env', 'production', '--outdir', folder, '--metafile', metafile);
  const program = await readFile(join(folder, 'main.js'));
  const { size, policy } = programSize(program, await readFile('dist/worker/policy.json'));
  const { outputs } = JSON.parse(await readFile(metafile, 'utf8')) as Metafile;
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const parts = Map.groupBy(inputs, ([path]) => partOf(path));
  const weights = [...parts]
    .map(([name, files]) => ({ name, bytes: files.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0) }))
    .toSorted((a, b) => b.bytes - a.bytes);
  const total = weights.reduce((sum, { bytes }) => sum + bytes, 0);
  print(
    `program: ${kib(program.byteLength)} minified, ${kib(size)} with gzip (at most ${kib(MAX_PROGRAM_GZIP_BYTES)}); policy: ${kib(policy)}`,
  );
  print(`${'part'.padEnd(24)} ${'minified'.padStart(10)} ${'its share'.padStart(10)}`);
  for (const { name, bytes } of weights) {
    print(`${name.padEnd(24)} ${kib(bytes).padStart(10)} ${kib((size * bytes) / total).padStart(10)}`);
  }
  if (size > MAX_PROGRAM_GZIP_BYTES)
    problems.push(`the program has ${kib(size)} with gzip, more than ${kib(MAX_PROGRAM_GZIP_BYTES)}`);
  const foreign = inputs.map(([path]) => path).filter((path) => FOREIGN_FILES.test(path));
  problems.push(...foreign.map((path) => `${path} does not belong in a Worker`));
  const named = FOREIGN_MODULES.exec(program.toString('utf8'));
  if (named !== null) problems.push(`the program names ${named[0]}`);
}

async function checkStartup(): Promise<void> {
  const { compatibility_date: compatibilityDate = '', compatibility_flags: compatibilityFlags } =
    readWranglerConfig('production');
  const { programMs, emptyMs } = await measureStartup({
    ...{ program: join(folder, 'main.js'), compatibilityDate, compatibilityFlags, rounds: STARTUP_ROUNDS },
    onRound: (round, measured) =>
      print(
        `start-up, round ${String(round)} of ${String(STARTUP_ROUNDS)}: ` +
          `${ms(measured.programMs)} of CPU time, an empty Worker ${ms(measured.emptyMs)}`,
      ),
  });
  const ownMs = programMs - emptyMs;
  print(
    `start-up: ${ms(ownMs)} more than an empty Worker (at most ${ms(MAX_STARTUP_MS)}${isCi ? ', not judged here' : ''})`,
  );
  if (ownMs > MAX_STARTUP_MS && !isCi)
    problems.push(`starting takes ${ms(ownMs)} more than an empty Worker does, and may take ${ms(MAX_STARTUP_MS)}`);
}

/** The name of a package, a part of src/, or the rest. */
function partOf(path: string): string {
  const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
  if (name !== undefined) return name;
  const own = /(?:^|\/)src\/([^/]+)/.exec(path)?.[1];
  if (own !== undefined) return `src/${own.replace(/\.ts$/, '')}`;
  return path.includes('dist/worker') ? 'dist/worker (policy)' : 'runtime glue';
}
