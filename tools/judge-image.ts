/**
 * Reads a built image from disk and checks it against tools/image-rules.ts, and for a leaked key:
 * `node tools/judge-image.ts ARCHIVE ROOT KEY_FILE`. ARCHIVE is the unpacked output of
 * `podman save --format docker-archive`, ROOT the image's file system. KEY_FILE holds a key that was in the build
 * context and was given to the container at run time. Exit code 1 when a rule is broken or the key is found.
 */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS } from '../src/config/schema.ts';
import type { SettingRow } from '../src/config/schema.ts';
import { Secret } from '../src/lib/secret.ts';
import { createKeySearch } from '../src/upstream/api-keys.ts';
import type { FileFacts, Image, ImageConfig, Project } from './image-rules.ts';
import { IMAGE_RULES, ledgerFolderOf, sbomPathOf } from './image-rules.ts';

const CHUNK_BYTES = 8 * 1024 * 1024;
/** Longer than a rendering of a key in one layer of escapes, so that a rendering across two chunks is found. */
const OVERLAP_BYTES = 4 * 1024;
/** The beginning of a file that every image contains: a search that does not find it is broken. */
const CONTROL_FILE = 'src/node.ts';
const CONTROL_BYTES = 200;

const [archive = '', root = '', keyFile = ''] = process.argv.slice(2);
const readJson = <Value>(path: string): Value => JSON.parse(readFileSync(path, 'utf8')) as Value;
const within = (path: string): string => join(root, path);

function factsOf(path: string): FileFacts | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  // The mode of a symbolic link has no meaning.
  return stat === undefined ? null : { uid: stat.uid, mode: stat.isSymbolicLink() ? 0 : stat.mode & 0o7777 };
}

function listApp(): Map<string, FileFacts> {
  const found = new Map<string, FileFacts>();
  for (const entry of readdirSync(within('app'), { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const facts = factsOf(path);
    if (facts !== null) found.set(`${path.slice(within('app').length + 1)}${entry.isDirectory() ? '/' : ''}`, facts);
  }
  return found;
}

/** A package is a folder directly below node_modules, or directly below a scope in it. */
function listPackages(app: Image['app']): string[] {
  return [...app.keys()]
    .filter((path) => /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/.@][^/]*\/package\.json$/.test(path))
    .map((path) => readJson<{ name: string; version: string }>(within(join('app', path))))
    .map(({ name, version }) => `${name}@${version}`);
}

interface LockedPackage {
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function readProject(): Project {
  const { name, version } = readJson<{ name: string; version: string }>('package.json');
  const { packages } = readJson<{ packages: Record<string, LockedPackage> }>('package-lock.json');
  const ofConsole = Object.keys(packages['']?.optionalDependencies ?? {}).map((one) => `node_modules/${one}`);
  const isDev = ([, { dev }]: [string, LockedPackage]): boolean => dev === true;
  return {
    name,
    version,
    devPaths: new Set([
      ...Object.entries(packages)
        .filter(isDev)
        .map(([path]) => path),
      ...ofConsole,
    ]),
    secretSettings: Object.entries<SettingRow>(SETTINGS).flatMap(([setting, row]) => (row.secret ? [setting] : [])),
  };
}

function readImage(config: ImageConfig): Image {
  const app = listApp();
  const sbomPath = sbomPathOf(config);
  return {
    config,
    app,
    commands: readdirSync(within('usr/local/bin')),
    ledgerFolder: factsOf(within(ledgerFolderOf(config))),
    sbom: sbomPath === null || factsOf(within(sbomPath)) === null ? null : readFileSync(within(sbomPath), 'utf8'),
    packages: listPackages(app),
    project: readProject(),
  };
}

/** Whether `holds` is true of any chunk. Layers are uncompressed tar archives: they contain a file's bytes unchanged. */
function fileHolds(path: string, holds: (text: string) => boolean): boolean {
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    if (holds(bytes.toString('latin1', at, at + CHUNK_BYTES + OVERLAP_BYTES))) return true;
  }
  return false;
}

const [manifest] = readJson<{ Config: string; Layers: string[] }[]>(join(archive, 'manifest.json'));
if (manifest === undefined) throw new Error('the archive holds no image');
const { config } = readJson<{ config: ImageConfig }>(join(archive, manifest.Config));
const image = readImage(config);

let broken = 0;
function report(promise: string, problems: readonly string[]): void {
  process.stdout.write(`${problems.length === 0 ? 'ok    ' : 'FAILED'} the image ${promise}\n`);
  for (const problem of problems.slice(0, 10)) process.stdout.write(`         ${problem}\n`);
  broken += problems.length;
}

for (const { promise, check } of IMAGE_RULES) report(promise, check(image));

const blobs = [manifest.Config, ...manifest.Layers, 'manifest.json'];
const holdsKey = createKeySearch([new Secret(readFileSync(keyFile, 'utf8').trim())]);
const leaks = blobs.filter((blob) => fileHolds(join(archive, blob), holdsKey)).map((blob) => `it is in ${blob}`);
const control = readFileSync(CONTROL_FILE).toString('latin1', 0, CONTROL_BYTES);
const controlled = blobs.some((blob) => fileHolds(join(archive, blob), (text) => text.includes(control)));
report(`holds the key in none of its ${String(manifest.Layers.length)} layers, nor in its configuration`, [
  ...leaks,
  ...(controlled ? [] : ['the search does not even find what is there']),
]);
process.exitCode = broken === 0 ? 0 : 1;
