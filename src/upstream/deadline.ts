import type { Deadlines } from '../ports/http.ts';

/**
 * The time one invitation may take upstream. The whole is what GALILEO_TIMEOUT_MS says and covers
 * every attempt together; the parts only let a dead connection show itself sooner.
 */
export const MAX_TIMEOUT_MS = 20_000;

/** A host that does not take a connection in this time will not take it at all, and a second try must still fit. */
const CONNECT_MS = 3_000;

/** `timeoutMs` is GALILEO_TIMEOUT_MS; throws a RangeError outside 1..20000. */
export function deadlinesOf(timeoutMs: number): Deadlines {
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS) {
    throw new RangeError(`the upstream timeout must be a whole number of milliseconds from 1 to ${MAX_TIMEOUT_MS}`);
  }
  return { connectMs: Math.min(CONNECT_MS, timeoutMs), headersMs: timeoutMs, bodyMs: timeoutMs, totalMs: timeoutMs };
}

/** What is left after `elapsedMs`; null when nothing is. A clock that stepped back gives no time away. */
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
