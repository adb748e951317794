import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createTestAuthority } from '../postgres/certificates.ts';
import { freePort } from '../servers/free-port.ts';
import { COMPOSE_FOLDER } from './compose-file.ts';

/** Debian's HAProxy with the configuration of deploy/compose, unchanged, in front of two replicas on loopback. */
export interface Balancer {
  readonly url: string;
  /** What signs its certificate, in PEM. */
  readonly ca: string;
  /** Its log so far. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

/** `ports`: of the replicas. Resolves when it answers. */
export async function startBalancer(ports: readonly [number, number]): Promise<Balancer> {
  const folder = await mkdtemp(join(tmpdir(), 'balancer-'));
  const authority = createTestAuthority('balancer test');
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  authority.sign('IP:127.0.0.1', { cert, key });
  const certificate = join(folder, 'balancer.pem');
  await writeFile(certificate, `${await readFile(cert, 'utf8')}${await readFile(key, 'utf8')}`);
  const ca = await readFile(authority.caFile, 'utf8');
  authority.remove();

  const port = await freePort();
  const child = spawn('haproxy', ['-W', '-db', '-f', join(COMPOSE_FOLDER, 'haproxy.cfg')], {
    env: {
      PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`,
      BALANCER_BIND: `127.0.0.1:${port}`,
      BALANCER_CERTIFICATE: certificate,
      REPLICA_1: `127.0.0.1:${ports[0]}`,
      REPLICA_2: `127.0.0.1:${ports[1]}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const loaded = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  // What concerns its start is there, and most of its log once more.
  let start = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    start += `${line}\n`;
    // From then on its worker listens.
    if (line.includes('Loading success')) loaded.resolve();
  });
  const ended = once(child, 'close');
  void ended.then(() => loaded.reject(new Error(`HAProxy has ended: ${start}`)));
  await loaded.promise;
  return {
    url: `https://127.0.0.1:${port}`,
    ca,
    lines,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}
