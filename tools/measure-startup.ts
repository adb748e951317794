/**
 * Measures what a Worker's program costs to start: the CPU time of the locked workerd that loads it, minus that of one
 * that loads an empty Worker. It is CPU time and not elapsed time, because elapsed time depends on what else the
 * machine does. Rounds of the two alternate, and the minimum of each counts, because other load can only add. Needs
 * bash, no network.
 */
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

export interface StartupOptions {
  /** The bundled program, a single module. Other files are written beside it. */
  readonly program: string;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly rounds: number;
  /** Called after each round. */
  readonly onRound: (round: number, startup: Startup) => void;
}

export interface Startup {
  /** Milliseconds of CPU time with the program, and with an empty Worker. */
  readonly programMs: number;
  readonly emptyMs: number;
}

/** The minima of all rounds. Throws when workerd refuses the program, or when there is no bash. */
export async function measureStartup(options: StartupOptions): Promise<Startup> {
  const folder = dirname(options.program);
  await writeFile(join(folder, 'empty.js'), 'export default { fetch: () => new Response() };\n');
  const program = await writeConfig(folder, basename(options.program), options);
  const empty = await writeConfig(folder, 'empty.js', options);
  let best: Startup = { programMs: Infinity, emptyMs: Infinity };
  for (let round = 1; round <= options.rounds; round += 1) {
    const startup = { programMs: cpuMs(program), emptyMs: cpuMs(empty) };
    options.onRound(round, startup);
    best = {
      programMs: Math.min(best.programMs, startup.programMs),
      emptyMs: Math.min(best.emptyMs, startup.emptyMs),
    };
  }
  return best;
}

/** A configuration for `workerd test`, which loads the module, runs an empty test and exits. */
async function writeConfig(
  folder: string,
  module: string,
  { compatibilityDate, compatibilityFlags }: StartupOptions,
): Promise<string> {
  const entry = `start-${module}`;
  const config = join(folder, `${module}.capnp`);
  await writeFile(join(folder, entry), `import './${module}';\nexport default { test() {} };\n`);
  await writeFile(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = (
  modules = [(name = "${entry}", esModule = embed "${entry}"), (name = "${module}", esModule = embed "${module}")],
  compatibilityDate = ${JSON.stringify(compatibilityDate)},
  compatibilityFlags = ${JSON.stringify(compatibilityFlags)}
))]);
`,
  );
  return config;
}

/** Milliseconds of CPU time, in all threads, of one run. bash measures it: Node reports no usage of child processes. */
function cpuMs(config: string): number {
  const run = spawnSync('bash', ['-c', 'TIMEFORMAT="cpu %U %S"; time "$@"', 'bash', workerdPath(), 'test', config], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (run.error !== undefined) throw run.error;
  const [, user, system] = /^cpu ([\d.]+) ([\d.]+)$/m.exec(run.stderr) ?? [];
  if (run.status !== 0 || user === undefined || system === undefined) {
    throw new Error(`workerd does not start the program:\n${run.stderr}`);
  }
  return (Number(user) + Number(system)) * 1000;
}

/** The workerd that wrangler is locked to. */
function workerdPath(): string {
  const { default: path } = createRequire(import.meta.resolve('wrangler'))('workerd') as { default: string };
  return path;
}
