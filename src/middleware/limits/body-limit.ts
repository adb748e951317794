/**
 * Reads the whole body before anything is done with it, counting bytes as they arrive and against the clock:
 * Content-Length is a claim, and a smuggled or slow body must not start a side effect.
 * Later steps read the same bytes from Hono's body cache.
 */
import type { Context, MiddlewareHandler } from 'hono';
import type { Schedule } from '../../ports/schedule.ts';
import type { AppEnv } from '../app-env.ts';
import { respondProblem } from '../problem-response.ts';

export const MAX_BODY_BYTES = 64 * 1024;
/** For the whole body to arrive; shorter than any limit of a listener, so that the answer is ours. */
export const BODY_TIMEOUT_MS = 7_000;

export function bodyLimit(schedule: Schedule): MiddlewareHandler<AppEnv> {
  return async function bodyLimit(c, next) {
    const stream = c.req.raw.body;
    if (stream === null) return await next();
    const claimed = Number(c.req.header('Content-Length') ?? 0);
    const result = claimed > MAX_BODY_BYTES ? 'too_large' : await readBounded(stream, schedule);
    if (result instanceof Uint8Array) {
      // Hono keeps promises in its cache, whatever the declared type says.
      c.req.bodyCache.arrayBuffer = Promise.resolve(result.buffer) as unknown as ArrayBuffer;
      return await next();
    }
    return refuse(c, result);
  };
}

type BodyFailure = 'too_large' | 'timeout' | 'broken';

function refuse(c: Context<AppEnv>, failure: BodyFailure): Response {
  const headers = { Connection: 'close' };
  switch (failure) {
    case 'too_large':
      return respondProblem(c, 'body_too_large', { headers });
    case 'timeout':
      return respondProblem(c, 'request_timeout', { headers });
    case 'broken':
      return respondProblem(c, 'malformed_request', { headers });
    default:
      return failure satisfies never;
  }
}

async function readBounded(
  stream: ReadableStream<Uint8Array>,
  schedule: Schedule,
): Promise<Uint8Array<ArrayBuffer> | BodyFailure> {
  const reader = stream.getReader();
  const state = { timedOut: false };
  const cancelTimer = schedule.after(BODY_TIMEOUT_MS, () => {
    state.timedOut = true;
    void reader.cancel().catch(() => undefined);
  });
  const chunks: Uint8Array[] = [];
  let total = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      total += value.byteLength;
      if (total > MAX_BODY_BYTES) {
        void reader.cancel().catch(() => undefined);
        return 'too_large';
      }
      chunks.push(value);
    }
  } catch {
    return state.timedOut ? 'timeout' : 'broken';
  } finally {
    cancelTimer();
  }
  // A cancelled reader ends like a complete one; the flag tells them apart.
  if (state.timedOut) return 'timeout';
  const body = new Uint8Array(total);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
}
