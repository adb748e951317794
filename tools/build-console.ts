/**
 * `npm run console`: builds the page for people (console/) into dist/console: `page.html`, `console.js`, `console.css`
 * and `icon.svg`. The service serves these files and no other. Nothing of a deployment is in them, so one build serves
 * all. Runs before `npm start` and `npm test`, after `npm ci`, in the image and with every build of the Worker; it
 * takes a fifth of a second.
 */
import { copyFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const ROOT = new URL('../', import.meta.url);
const SOURCE = new URL('console/', ROOT);
/** As they are served. */
const PLAIN_FILES = ['page.html', 'icon.svg'];

export interface ConsoleFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The script and the stylesheet, minified. */
export async function bundleConsole(): Promise<readonly ConsoleFile[]> {
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(ROOT),
    entryPoints: [
      { in: 'console/src/console.tsx', out: 'console' },
      { in: 'console/src/styles/console.css', out: 'console' },
    ],
    alias: {
      'galileo-invite-client': './client/src/galileo-invite-client.ts',
      'galileo-invite-client/audit': './client/src/galileo-invite-audit.ts',
    },
    // Not that of the folder, which extends one that the image does not have.
    tsconfigRaw: {},
    jsx: 'automatic',
    jsxImportSource: 'preact',
    ...{ bundle: true, format: 'esm', target: 'es2022', minify: true, legalComments: 'none' },
    ...{ outdir: 'dist/console', write: false, logLevel: 'warning' },
  });
  return outputFiles.map(({ path, contents }) => ({ name: path.split(/[/\\]/).at(-1) ?? '', bytes: contents }));
}

/** Writes the whole console into `folder`. A file is replaced in one step: a service may be reading it. */
export async function buildConsole(folder: URL): Promise<void> {
  const bundled = await bundleConsole();
  await mkdir(folder, { recursive: true });
  const put = async (name: string, write: (draft: URL) => Promise<void>): Promise<void> => {
    const draft = new URL(`.${name}.${process.pid}`, folder);
    await write(draft);
    await rename(draft, new URL(name, folder));
  };
  for (const { name, bytes } of bundled) await put(name, (draft) => writeFile(draft, bytes));
  for (const name of PLAIN_FILES) await put(name, (draft) => copyFile(new URL(name, SOURCE), draft));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildConsole(new URL('dist/console/', ROOT));
