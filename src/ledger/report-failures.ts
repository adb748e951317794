import { createFailureStreak } from '../tasks/failure-streak.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger, LogFields } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Ledger } from './port.ts';
import { SqlError } from './sqlite/sqlite-port.ts';

/**
 * Counts and logs ledger steps that failed, alike on every platform: each failure adds one to `ledger_failures`, and
 * the 1st, 2nd, 4th, 8th … of a step with the same reason is logged. So a flood of failing reads is a few lines.
 * Neither the counter nor the line contains anything of the arguments or of the exception's message.
 */
export interface FailureReport {
  (step: keyof Ledger, reason: string, fields?: LogFields): void;
}

export interface FailureReportDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'count'>;
}

export function createFailureReport({ clock, logger, metrics }: FailureReportDeps): FailureReport {
  const streak = createFailureStreak<string>(clock);
  return function reportFailure(step, reason, fields = {}) {
    metrics.count('ledger_failures', { step });
    if (streak.failed(`${step} ${reason}`).shouldLog) logger.error('ledger_step_failed', { step, reason, ...fields });
  };
}

/** `storage_failed`: the database failed. `step_failed`: the step itself is at fault. */
export function reasonOf(error: unknown): 'storage_failed' | 'step_failed' {
  return error instanceof SqlError ? 'storage_failed' : 'step_failed';
}
