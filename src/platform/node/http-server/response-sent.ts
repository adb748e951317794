import type { ServerResponse } from 'node:http';

/**
 * Resolves when the kernel has taken the whole answer, or its connection has ended. Until then the answer is in the
 * memory of this process. `platformRequest` is the binding of @hono/node-server, `{ outgoing }`; without one the
 * promise resolves at once.
 */
export async function responseSent(platformRequest: unknown): Promise<void> {
  const { outgoing } = (platformRequest ?? {}) as { outgoing?: ServerResponse };
  if (outgoing === undefined || outgoing.closed || outgoing.destroyed) return;
  await new Promise<void>((resolve) => outgoing.once('close', resolve));
}
