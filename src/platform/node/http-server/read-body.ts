import type { IncomingMessage } from 'node:http';
import { createByteCollector } from '../../../lib/byte-collector.ts';
import type { BodyReading } from '../../../ports/read-body.ts';

/**
 * Reads the body of a request from Node's own stream. The web stream that the adapter would make of it costs more than
 * all header fields together. Bytes are counted as they arrive, so a wrong Content-Length makes no difference; beyond the
 * limit, or after a cancel, nothing more is read. `platformRequest` is the binding of @hono/node-server, `{ incoming }`;
 * null where there is none.
 */
export function readBody(platformRequest: unknown, maxBytes: number): BodyReading | null {
  const { incoming } = (platformRequest ?? {}) as { incoming?: IncomingMessage };
  if (incoming === undefined) return null;
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | null>();
  const collector = createByteCollector(maxBytes);

  const onData = (chunk: Buffer): void => {
    if (!collector.add(chunk)) end(() => resolve(null));
  };
  const onEnd = (): void => end(() => resolve(collector.bytes()));
  // `error` where the framing is broken, `close` where the client has gone.
  const onBroken = (): void => end(() => reject(new Error('the body was cut off')));
  const end = (settle: () => void): void => {
    incoming.off('data', onData).off('end', onEnd).off('close', onBroken);
    // The listener for errors stays: without one, a later error would end the process.
    incoming.pause();
    settle();
  };

  if (incoming.readableEnded) onEnd();
  else if (incoming.destroyed) onBroken();
  else incoming.on('data', onData).on('end', onEnd).on('close', onBroken).on('error', onBroken);
  return { bytes: promise, cancel: onBroken };
}
