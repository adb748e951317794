import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

/**
 * The Kubernetes objects of deploy/kubernetes, as `kubectl` renders them, and their faults against the schemas of
 * Kubernetes and of the Prometheus Operator. Needs no cluster.
 */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly [member: string]: unknown;
}

export type Overlay = 'sqlite' | 'postgres';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const KUBERNETES_FOLDER = join(ROOT, 'deploy/kubernetes');

/** Older ones do not know what the files use. */
const OLDEST_KUSTOMIZE = 5;

/** Throws when there is no kubectl, or one that is too old. */
export function renderOverlay(overlay: Overlay): readonly KubernetesObject[] {
  const version = JSON.parse(
    execFileSync('kubectl', ['version', '--client', '--output=json'], { encoding: 'utf8' }),
  ) as { kustomizeVersion?: string };
  const major = Number(/^v(\d+)/.exec(version.kustomizeVersion ?? '')?.[1] ?? 0);
  if (major < OLDEST_KUSTOMIZE)
    throw new Error('kubectl is older than 1.27; tools/unpack-kubectl.sh FOLDER installs a newer one');
  const path = join(KUBERNETES_FOLDER, 'overlays', overlay);
  return objectsIn(execFileSync('kubectl', ['kustomize', path], { encoding: 'utf8' }));
}

export async function readObjects(file: string): Promise<readonly KubernetesObject[]> {
  return objectsIn(await readFile(join(KUBERNETES_FOLDER, file), 'utf8'));
}

const objectsIn = (text: string): readonly KubernetesObject[] =>
  parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject);

/** Where the schemas of a kind are: https://github.com/tommy351/kubernetes-models-ts. */
function modelsOf(apiVersion: string): string {
  const isOperator = apiVersion.startsWith('monitoring.coreos.com/');
  return `${isOperator ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models'}/${apiVersion}`;
}

/** Missing fields, and values that are not allowed. Unknown fields are not found here. */
export async function schemaFaults(objects: readonly KubernetesObject[]): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const object of objects) {
    const models = (await import(modelsOf(object.apiVersion))) as Record<string, ModelClass | undefined>;
    const Model = models[object.kind];
    if (Model === undefined) faults.push(`${object.kind} is no kind of ${object.apiVersion}`);
    else
      try {
        new Model(object).validate();
      } catch (error) {
        faults.push(`${object.kind} ${object.metadata.name}: ${error instanceof Error ? error.message : 'unknown'}`);
      }
  }
  return faults;
}
type ModelClass = new (data: object) => { validate(): void };

/**
 * Fields that a kind does not have, and values of another type. The compiler finds them: each object is a literal of its type.
 */
export async function fieldFaults(objects: readonly KubernetesObject[]): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kubernetes-objects-'));
  const source = objects.map(
    (object, n) =>
      `import type { I${object.kind} as Type${n} } from '${modelsOf(object.apiVersion)}';\n` +
      `export const object${n}: Type${n} = ${JSON.stringify(object, null, 1)};\n`,
  );
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'objects.ts'), source.join(''));
  const options = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--types',
    '',
    '--pretty',
    'false',
  ];
  const tsc = fileURLToPath(import.meta.resolve('typescript/package.json')).replace(/package\.json$/, 'bin/tsc');
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, ...options, 'objects.ts'], {
    cwd: folder,
    encoding: 'utf8',
  });
  await rm(folder, { recursive: true });
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
  return status === 0 ? [] : lines;
}
