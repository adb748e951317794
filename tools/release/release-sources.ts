import { readFile } from 'node:fs/promises';
import { SERVICE_VERSION } from '../../src/config/service.ts';
import type { ReleaseSources } from './release-notes.ts';

const root = new URL('../../', import.meta.url);
const read = async (path: string): Promise<string> => await readFile(new URL(path, root), 'utf8');

/** The changelog of this checkout, and every place that names the version. */
export async function releaseSources(): Promise<ReleaseSources> {
  const versionIn = async (path: string): Promise<string | undefined> =>
    (JSON.parse(await read(path)) as { readonly version?: string }).version;
  return {
    changelog: await read('CHANGELOG.md'),
    versions: {
      'package.json': await versionIn('package.json'),
      'package-lock.json': await versionIn('package-lock.json'),
      'client/package.json': await versionIn('client/package.json'),
      'src/config/service.ts': SERVICE_VERSION,
      Dockerfile: /image\.version="([^"]*)"/.exec(await read('Dockerfile'))?.[1],
    },
  };
}
