import type { IncomingMessage } from 'node:http';

/**
 * The bytes of the header fields as received, with a colon, a space and CR LF each; null where there is no such request.
 * `platformRequest` is the binding of @hono/node-server, `{ incoming }`. To iterate over its Headers would cost more than
 * ten times as much, because they are sorted.
 */
export function fieldBytes(platformRequest: unknown): number | null {
  const { incoming } = (platformRequest ?? {}) as { incoming?: Pick<IncomingMessage, 'rawHeaders'> };
  if (incoming === undefined) return null;
  let bytes = 2 * incoming.rawHeaders.length;
  for (const text of incoming.rawHeaders) bytes += text.length;
  return bytes;
}
