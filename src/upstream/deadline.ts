import type { Deadlines } from '../ports/http.ts';

/**
 * The time limits of one upstream request. The total is GALILEO_TIMEOUT_MS and covers all attempts together. The limits
 * for connecting, headers and body only detect a dead connection sooner.
 */
export const MAX_TIMEOUT_MS = 20_000;

/**
 * A host that does not accept a connection in this time will not accept it later, and a second attempt must still fit.
 */
const CONNECT_MS = 3_000;

/** `timeoutMs` is GALILEO_TIMEOUT_MS; throws a RangeError outside 1..20000. */
export function deadlinesOf(timeoutMs: number): Deadlines {
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS) {
    throw new RangeError(`the upstream timeout must be a whole number of milliseconds from 1 to ${MAX_TIMEOUT_MS}`);
  }
  return { connectMs: Math.min(CONNECT_MS, timeoutMs), headersMs: timeoutMs, bodyMs: timeoutMs, totalMs: timeoutMs };
}

/** The time left after `elapsedMs`; null when there is none. A clock that stepped back does not extend it. */
export function remaining(deadlines: Deadlines, elapsedMs: number): Deadlines | null {
  const totalMs = Math.floor(deadlines.totalMs - Math.max(0, elapsedMs));
  if (totalMs < 1) return null;
  return {
    connectMs: Math.min(deadlines.connectMs, totalMs),
    headersMs: Math.min(deadlines.headersMs, totalMs),
    bodyMs: Math.min(deadlines.bodyMs, totalMs),
    totalMs,
  };
}
