/**
 * Ports for programs that cannot be given port 0: they are told their port before they listen, or listen on it again after a
 * pause. They are below those that the kernel gives to connections and for port 0 (ip_local_port_range, from 32768 on). So
 * in between no other socket gets one, and nobody who connects there meets itself. Each test process of a run has a block of
 * its own, and gives no port twice before its block is over.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

const FIRST_BLOCK = 20_000;
const BLOCK = 800;
const BLOCKS = 15;

/** From 1 in each process of vitest. */
const block = FIRST_BLOCK + BLOCK * (Number(process.env['VITEST_POOL_ID'] ?? 0) % BLOCKS);
/** Elsewhere in the block in each file, for a server of the file before may still be about to end. */
let next = Math.floor(Math.random() * BLOCK);

/** Nothing listens there now. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < BLOCK; tried += 1) {
    next = (next + 1) % BLOCK;
    // Another call may move `next` meanwhile.
    const port = block + next;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port is free from ${String(block)} to ${String(block + BLOCK - 1)}`);
}

/** Also when something else listens on all addresses. */
async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
