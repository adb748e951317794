import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../servers/free-port.ts';

/**
 * A PostgreSQL server for tests: a cluster of its own in a temporary folder, on a free port of loopback, with the
 * programs that Debian's package installs. PostgreSQL refuses to run as root, so root starts it as the user `postgres`.
 */
export interface PostgresServer {
  readonly port: number;
  /** The path of the cluster. */
  readonly data: string;
  /** False when it was stopped, and when it has ended by itself. */
  readonly isRunning: boolean;
  /** `fast` ends all sessions; `immediate` is like a crash. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  start(): Promise<void>;
  /** Sends a signal to the server's first process. */
  signal(name: NodeJS.Signals): void;
  /** Runs one of PostgreSQL's programs as the server's user; returns what it printed. */
  tool(program: string, args: readonly string[]): string;
  /** Stops the server and removes its files. */
  remove(): Promise<void>;
}

const PACKAGED = '/usr/lib/postgresql';

/** The newest version that is installed. Rejects when there is none. */
export async function postgresPrograms(): Promise<string> {
  const versions = await readdir(PACKAGED).catch(() => []);
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) throw new Error(`there is no PostgreSQL in ${PACKAGED}: install the package postgresql`);
  return join(PACKAGED, newest, 'bin');
}

/** `settings`: as in postgresql.conf, each `name=value`. */
export async function startPostgres({
  settings = [],
  parent = tmpdir(),
  prepare,
}: {
  readonly settings?: readonly string[];
  /** The folder in which the cluster's own is made. */
  readonly parent?: string;
  /** Fills the folder of the cluster instead of `initdb`. */
  readonly prepare?: (folder: string, run: PostgresServer['tool']) => void;
} = {}): Promise<PostgresServer> {
  const programs = await postgresPrograms();
  const user = serverUser();
  const folder = await mkdtemp(join(parent, 'pg-'));
  if (user !== null) await chown(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const port = await freePort();
  let server: ReturnType<typeof spawn> | null = null;

  const tool: PostgresServer['tool'] = (program, args) => {
    const { status, stdout, stderr } = spawnSync(join(programs, program), args, {
      ...user,
      cwd: folder,
      encoding: 'utf8',
      env: { LC_ALL: 'C', PATH: process.env['PATH'] ?? '' },
    });
    if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}${stdout}`);
    return stdout;
  };

  if (prepare === undefined)
    tool('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C']);
  else prepare(data, tool);

  async function start(): Promise<void> {
    const options = [
      ...['listen_addresses=127.0.0.1', `port=${port}`, `unix_socket_directories=${folder}`, 'max_connections=200'],
      ...settings,
    ].flatMap((setting) => ['-c', setting]);
    const child = spawn(join(programs, 'postgres'), ['-D', data, ...options], {
      ...user,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    server = child;
    let log = '';
    child.stderr.on('data', (text: Buffer) => (log += text.toString()));
    const ended = once(child, 'exit');
    for (;;) {
      const isReady =
        spawnSync(join(programs, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port), '-t', '1']).status === 0;
      if (isReady) return;
      // The server has no event for it; pg_isready is its own way of asking.
      const has = await Promise.race([ended.then(() => 'ended' as const), delay(20)]);
      if (has === 'ended') throw new Error(`PostgreSQL has ended: ${log}`);
    }
  }

  const isRunning = (): boolean => server !== null && server.exitCode === null && server.signalCode === null;

  async function stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    const child = server;
    if (child === null || !isRunning()) return;
    const ended = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await ended;
  }

  await start();
  return {
    port,
    data,
    get isRunning() {
      return isRunning();
    },
    start,
    stop,
    tool,
    signal: (name) => void server?.kill(name),
    async remove() {
      await stop('immediate');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function serverUser(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout),
  );
  if (!uid || !gid) throw new Error('there is no user postgres: install the package postgresql');
  return { uid, gid };
}
