/**
 * Makes a clone ready to run: installs the locked packages, and with them the locked Node 24. Runs before `npm start`
 * and `npm test` on the machine's own Node (18 or later), so it is plain JavaScript without packages. Prints nothing
 * and takes a few milliseconds when there is nothing to do.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The systems for which tools/node has a Node. */
const BUNDLED = new Set(['linux-x64-glibc', 'linux-arm64-glibc']);
/** The first Node that runs TypeScript files without a flag or a warning. */
const OLDEST_NODE = { major: 24, minor: 12 };

/**
 * Why this machine cannot run the project, or null. Where a Node is bundled, the machine's own Node only starts npm.
 * @param {{ platform: string, arch: string, libc: string, version: string }} machine
 * @returns {string | null}
 */
export function refusal({ platform, arch, libc, version }) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  if (BUNDLED.has(`${platform}-${arch}-${libc}`)) return null;
  if (major > OLDEST_NODE.major || (major === OLDEST_NODE.major && minor >= OLDEST_NODE.minor)) return null;
  return (
    `This project brings its own Node on Linux (x64 and arm64, glibc) only. On ${platform} ${arch} it needs ` +
    `Node ${OLDEST_NODE.major}.${OLDEST_NODE.minor} or later on the PATH; this is ${version}.`
  );
}

/**
 * Installs the locked packages when they are absent or belong to another lock. `npm ci` empties node_modules and so
 * removes the stamp, which is written again only after success: an incomplete installation is never used. Install
 * scripts of packages never run: none is needed.
 * @param {string} root
 * @param {(line: string) => void} say
 * @returns {number} an exit code
 */
export function install(root, say) {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const wanted = `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}\n`;
  const stamp = join(root, 'node_modules', '.setup-stamp');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return 0;

  say('Installing the locked packages (once per lock file) …');
  const startedAt = Date.now();
  const options = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
  const { npm_execpath: npm, npm_node_execpath: node = process.execPath } = process.env;
  const { status, error } = spawnSync(
    npm === undefined ? 'npm' : node,
    npm === undefined ? options : [npm, ...options],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32' && npm === undefined,
    },
  );
  if (error !== undefined || status !== 0) {
    say(`The packages could not be installed${error === undefined ? '' : ` (${error.message})`}.`);
    return status === null || status === 0 ? 1 : status;
  }
  writeFileSync(stamp, wanted);
  say(`Installed in ${((Date.now() - startedAt) / 1000).toFixed(0)} s.`);
  return 0;
}

/** musl reports no glibc version. Other systems report none either; their platform distinguishes them. */
function libcHere() {
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return header.glibcVersionRuntime === undefined ? 'other' : 'glibc';
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  /** @param {string} line */
  const say = (line) => {
    process.stderr.write(`${line}\n`);
  };
  const { platform, arch, version } = process;
  const reason = refusal({ platform, arch, libc: platform === 'linux' ? libcHere() : 'other', version });
  if (reason !== null) say(reason);
  process.exitCode = reason === null ? install(join(dirname(fileURLToPath(import.meta.url)), '..'), say) : 1;
}
