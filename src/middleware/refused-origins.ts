/**
 * Logs the origins whose pages may not read answers, so that an operator sees which one CORS_ORIGINS lacks: each origin
 * once, and at most 20 in an hour. A client can send any text as its origin, so only what has the form of an origin is
 * logged, and the memory is bounded.
 */
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';

const HOUR_MS = 3_600_000;
const MAX_LINES_PER_HOUR = 20;
const MAX_REMEMBERED = 1_000;
/** RFC 6454 §6.1, with the schemes of app shells and extensions. */
const ORIGIN = /^(?:null|[a-z][a-z\d+.-]{0,40}:\/\/(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?)$/i;

export function createRefusedOrigins({ clock, logger }: { clock: Clock; logger: Logger }): (origin: string) => void {
  const logged = new Set<string>();
  let hour = { sinceMs: -Infinity, lines: 0 };

  return (given) => {
    const origin = ORIGIN.test(given) ? given : 'not an origin';
    if (logged.has(origin)) return;
    const now = clock.now();
    if (Math.abs(now - hour.sinceMs) >= HOUR_MS) hour = { sinceMs: now, lines: 0 };
    if (hour.lines >= MAX_LINES_PER_HOUR) return;
    hour.lines += 1;
    logged.add(origin);
    for (const oldest of logged) if (logged.size > MAX_REMEMBERED) logged.delete(oldest);
    logger.warn('cors_origin_refused', { origin });
  };
}
