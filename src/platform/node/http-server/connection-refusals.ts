/**
 * Counts the connections that a listener ends by itself, as a metric and in the log. It writes at most one log line per
 * ten seconds, so that an attack does not flood the log. A line holds counts by reason; it never holds an address or
 * anything that a connection sent.
 */
import type { Logger } from '../../../ports/logger.ts';
import type { Metrics } from '../../../ports/metrics.ts';
import type { Schedule } from '../../../ports/schedule.ts';

/** `idle`: an idle connection was closed to make room for a new one. */
export type RefusalReason = 'malformed' | 'timeout' | 'slow_reader' | 'too_many' | 'too_many_of_address' | 'idle';

export interface RefusalDeps {
  readonly listener: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly schedule: Schedule;
}

export interface ConnectionRefusals {
  count(reason: RefusalReason): void;
  /** Logs the counts since the last line, if there are any. */
  report(): void;
}

const LINE_INTERVAL_MS = 10_000;

export function createConnectionRefusals({ listener, logger, metrics, schedule }: RefusalDeps): ConnectionRefusals {
  let counts: Partial<Record<RefusalReason, number>> = {};
  let cancelReport: (() => void) | null = null;

  function report(): void {
    cancelReport?.();
    cancelReport = null;
    if (Object.keys(counts).length > 0) logger.warn('connections_refused', { listener, ...counts });
    counts = {};
  }

  return {
    count(reason) {
      metrics.count('connections_refused', { listener, reason });
      counts[reason] = (counts[reason] ?? 0) + 1;
      cancelReport ??= schedule.after(LINE_INTERVAL_MS, report);
    },
    report,
  };
}
