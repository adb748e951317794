/**
 * Counts the connections that a listener ends by itself, as a metric and in the log. It writes at most one log line per
 * ten seconds, so that an attack does not flood the log. A line holds counts by reason and, where a setting is the cause,
 * the remedy (refusal-causes); it never holds an address or anything that a connection sent.
 */
import type { Logger } from '../../../../ports/logger.ts';
import type { Metrics } from '../../../../ports/metrics.ts';
import type { Schedule } from '../../../../ports/schedule.ts';
import type { RefusalCause, RefusalReason } from './refusal-causes.ts';
import { REFUSAL_CAUSES } from './refusal-causes.ts';

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
  let counts = new Map<RefusalReason, number>();
  let cancelReport: (() => void) | null = null;

  function report(): void {
    cancelReport?.();
    cancelReport = null;
    if (counts.size > 0)
      logger.warn('connections_refused', { listener, ...Object.fromEntries(counts), ...remedyOf([...counts.keys()]) });
    counts = new Map();
  }

  return {
    count(reason) {
      metrics.count('connections_refused', { listener, reason });
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
      cancelReport ??= schedule.after(LINE_INTERVAL_MS, report);
    },
    report,
  };
}

function remedyOf(reasons: readonly RefusalReason[]): { readonly remedy?: string } {
  const remedies = reasons.flatMap((reason) => {
    const { remedy }: RefusalCause = REFUSAL_CAUSES[reason];
    return remedy === undefined ? [] : [remedy];
  });
  return remedies.length === 0 ? {} : { remedy: remedies.join(' ') };
}
