import type { ServerResponse } from 'node:http';

/**
 * Resolves when the kernel has the whole answer, or its connection has ended: until then it is in this process's memory.
 * `platformRequest` is what @hono/node-server binds: `{ outgoing }`; without one there is nothing to wait for.
 */
export async function responseSent(platformRequest: unknown): Promise<void> {
  const { outgoing } = (platformRequest ?? {}) as { outgoing?: ServerResponse };
  if (outgoing === undefined || outgoing.closed || outgoing.destroyed) return;
  await new Promise<void>((resolve) => outgoing.once('close', resolve));
}
