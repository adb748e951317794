/**
 * Packs the client as `npm pack` does it from a checkout, in a folder of its own, and unpacks it as npm installs it. Nothing
 * in the repository changes.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface PackedClient {
  /** A project that has the client in its node_modules. */
  readonly project: string;
  /** The files of the package, sorted. */
  readonly files: readonly string[];
  remove(): Promise<void>;
}

export async function packClient(): Promise<PackedClient> {
  const folder = await mkdtemp(join(tmpdir(), 'invite-client-'));
  const checkout = join(folder, 'client');
  await cp(join(ROOT, 'client'), checkout, {
    recursive: true,
    filter: (path) => !/\/(?:dist|node_modules)$/.test(path),
  });
  await cp(join(ROOT, 'tsconfig.base.json'), join(folder, 'tsconfig.base.json'));
  const env = { ...process.env, PATH: [join(ROOT, 'node_modules/.bin'), process.env.PATH].join(delimiter) };
  // The only script that it runs is the build.
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: checkout, env });
  const packed: unknown = JSON.parse(stdout);
  const [{ filename, files }] = Object.values(packed as object) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ];
  const installed = join(folder, 'project/node_modules/galileo-invite-client');
  await mkdir(installed, { recursive: true });
  await run('tar', ['-xzf', join(folder, filename), '-C', installed, '--strip-components=1']);
  return {
    project: join(folder, 'project'),
    files: files.map(({ path }) => path).toSorted(),
    remove: () => rm(folder, { recursive: true }),
  };
}
