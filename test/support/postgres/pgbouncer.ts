import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../servers/free-port.ts';
import { serverUser } from './postgres-server.ts';

/** PgBouncer in transaction mode in front of a server, with fewer server connections than clients have. */
export interface PgBouncer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Debian's package installs it here. */
const PROGRAM = '/usr/sbin/pgbouncer';

export async function startPgBouncer(serverPort: number): Promise<PgBouncer> {
  const user = serverUser();
  const folder = await mkdtemp(join(tmpdir(), 'pgbouncer-'));
  const port = await freePort();
  const path = join(folder, 'pgbouncer.ini');
  await writeFile(
    path,
    `[databases]
* = host=127.0.0.1 port=${serverPort} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 100
`,
  );
  if (user !== null) for (const one of [folder, path]) await chown(one, user.uid, user.gid);
  const child = spawn(PROGRAM, [path], { ...user, stdio: 'ignore' });
  await once(child, 'spawn');
  const ended = once(child, 'exit');
  for (let isOpen = false; !isOpen;) {
    const socket = connect(port, '127.0.0.1');
    isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    // It has no event for being ready.
    if (!isOpen && (await Promise.race([ended.then(() => true), delay(20).then(() => false)])))
      throw new Error('PgBouncer has ended');
  }
  return {
    port,
    async stop() {
      child.kill('SIGINT');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}
