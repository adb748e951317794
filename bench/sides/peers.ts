/**
 * The peers that the service is compared with. They do less: none of them has a policy, quotas, an audit trail or a durable
 * step. Their packages are no dependencies of the project: bench/peers is copied to a folder that is not in Git, and its
 * lock is installed there, without install scripts. Hono and undici are the project's own.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Backdrop } from '../load/backdrop.ts';
import type { SideCommand } from './process.ts';

const SOURCE = fileURLToPath(new URL('../peers/', import.meta.url));
/** Below the project, so that Node finds the project's own packages, too. */
const INSTALLED = fileURLToPath(new URL('../.peers/', import.meta.url));

export interface Place {
  readonly port: number;
  readonly folder: string;
  readonly backdrop: Backdrop;
}

interface Peer {
  /** Null when it is not on this machine. */
  readonly side: (place: Place) => SideCommand | null;
}

export const PEERS: Readonly<Record<string, Peer>> = {
  hono: { side: (place) => nodePeer('hono.mjs', place) },
  'fastify-cache': { side: (place) => nodePeer('fastify.mjs', place, { CACHE: '1' }) },
  fastify: { side: (place) => nodePeer('fastify.mjs', place) },
  nginx: { side: (place) => daemonPeer('nginx', ['-c'], 'nginx.conf', place) },
  haproxy: { side: (place) => daemonPeer('haproxy', ['-f'], 'haproxy.cfg', place) },
};

/** Installs the packages of the peers when their lock has changed. Needs the registry then. */
export function installPeers(): void {
  const lock = readFileSync(join(SOURCE, 'package-lock.json'), 'utf8');
  const mark = join(INSTALLED, 'node_modules/.installed-lock');
  const isCurrent = existsSync(mark) && readFileSync(mark, 'utf8') === lock;
  mkdirSync(INSTALLED, { recursive: true });
  cpSync(SOURCE, INSTALLED, { recursive: true });
  if (isCurrent) return;
  const run = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: INSTALLED,
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(`the packages of the peers cannot be installed: ${run.stderr}`);
  writeFileSync(mark, lock);
}

function nodePeer(file: string, { port, backdrop }: Place, extra: Readonly<Record<string, string>> = {}): SideCommand {
  return {
    command: [process.execPath, join(INSTALLED, file)],
    env: {
      ...{ PATH: process.env.PATH, NODE_ENV: 'production', PORT: String(port), UPSTREAM: backdrop.upstreamUrl },
      ...{ KEY: backdrop.apiKey, ISSUER: backdrop.issuer, AUDIENCE: backdrop.audience, PEM: backdrop.publicKeyPem },
      ...extra,
    },
    readyPath: '/',
  };
}

function daemonPeer(program: string, flags: readonly string[], file: string, place: Place): SideCommand | null {
  const path = [...(process.env.PATH ?? '').split(':'), '/usr/sbin'].map((folder) => join(folder, program));
  const found = path.find(existsSync);
  if (found === undefined) return null;
  const { port, folder, backdrop } = place;
  const key = join(folder, 'issuer.pem');
  writeFileSync(key, backdrop.publicKeyPem);
  const values = {
    ...{ FOLDER: folder, PORT: String(port), UPSTREAM_PORT: String(backdrop.upstreamPort), API_KEY: backdrop.apiKey },
    ...{ AUDIENCE: backdrop.audience, PUBLIC_KEY_FILE: key },
  };
  const template = readFileSync(join(SOURCE, file), 'utf8');
  const configuration = join(folder, file);
  writeFileSync(
    configuration,
    template.replaceAll(/@([A-Z_]+)@/g, (text, name: string) => (values as Record<string, string>)[name] ?? text),
  );
  return { command: [found, ...flags, configuration], env: { PATH: process.env.PATH }, readyPath: '/' };
}
