/**
 * Reads the whole body before any other step uses it, and limits its size and its time. It counts the bytes as they
 * arrive, because Content-Length may be wrong. A smuggled or slow body must not start a side effect. Later steps read
 * the bytes that it keeps.
 */
import type { Context } from 'hono';
import { collectBytes } from '../../lib/collect-bytes.ts';
import type { BodyReading } from '../../ports/read-body.ts';
import type { Deps } from '../../deps.ts';
import type { Schedule } from '../../ports/schedule.ts';
import type { AppEnv } from '../app-env.ts';
import type { Step } from '../in-order.ts';
import { respondProblem } from '../answers/problem-response.ts';

export const MAX_BODY_BYTES = 64 * 1024;
/**
 * The time in which the whole body must arrive. Shorter than every timeout of the listener, so this step answers first.
 */
export const BODY_TIMEOUT_MS = 7_000;

export function bodyLimit({ schedule, readBody }: Pick<Deps, 'schedule' | 'readBody'>): Step {
  return async function bodyLimit(c) {
    // Fetch standard: such a request has no body.
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return undefined;
    const claimed = Number(c.req.header('Content-Length') ?? 0);
    const start = (): BodyReading | null => readBody?.(c.env, MAX_BODY_BYTES) ?? readStream(c.req.raw.body);
    const result = claimed > MAX_BODY_BYTES ? 'too_large' : await readInTime(start(), schedule);
    if (result === null) return undefined;
    if (result instanceof Uint8Array) {
      c.set('body', result);
      return undefined;
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

function readStream(stream: ReadableStream<Uint8Array> | null): BodyReading | null {
  const reader = stream?.getReader();
  if (reader === undefined) return null;
  return {
    bytes: collectBytes(reader, MAX_BODY_BYTES),
    cancel: () => void reader.cancel().catch(() => undefined),
  };
}

/** Null: there is no body. */
async function readInTime(reading: BodyReading | null, schedule: Schedule): Promise<Uint8Array | BodyFailure | null> {
  if (reading === null) return null;
  const state = { timedOut: false };
  const cancelTimer = schedule.after(BODY_TIMEOUT_MS, () => {
    state.timedOut = true;
    reading.cancel();
  });
  try {
    const body = await reading.bytes;
    // A cancelled reading may end like a complete one; the flag tells them apart.
    return state.timedOut ? 'timeout' : (body ?? 'too_large');
  } catch {
    return state.timedOut ? 'timeout' : 'broken';
  } finally {
    cancelTimer();
  }
}
