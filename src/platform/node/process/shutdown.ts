/**
 * Ends the process in order: it becomes not ready, waits a grace period for load balancers, and then runs the caller's
 * steps one after another (stop listening, finish running requests, deliver the audit trail, close the ledger). Then it
 * exits with 0. The time is bounded. At `CUT_AFTER_MS` running upstream exchanges are cut and recorded as unknown. At
 * `DEADLINE_MS`, or when the same signal comes a second time, the process exits with 1. No record is lost even then:
 * the next start makes an intent without an outcome unknown.
 */
import type { Logger } from '../../../ports/logger.ts';
import type { Schedule } from '../../../ports/schedule.ts';
import { refSchedule } from '../runtime.ts';

export interface ShutdownStep {
  readonly name: string;
  readonly run: () => Promise<unknown>;
}

/** A step that did not do its work. The message is a sentence for the operator, and is logged. */
export class UndoneStepError extends Error {
  override readonly name = 'UndoneStepError';
}

export interface Shutdown {
  readonly logger: Logger;
  /** Called first, at once: the service becomes not ready. */
  readonly begin: () => void;
  /** How long to serve as before. On SIGTERM only: after Ctrl-C there is no load balancer to wait for. */
  readonly graceMs: number;
  /** Cuts the exchanges that still wait for another service. */
  readonly cut: () => void;
  readonly steps: readonly ShutdownStep[];
  /** Writes the last log lines. */
  readonly flush: () => Promise<void>;
}

/** The timers and the exit of the process; tests replace them. */
export interface Ending extends Schedule {
  exit(code: number): void;
}

/** The grace period and a default upstream timeout (15 s) together are not longer than this. */
export const CUT_AFTER_MS = 18_000;
/** Earlier than the kill of an orchestrator (after about 30 s), which would leave no reason in the log. */
export const DEADLINE_MS = 19_500;

/** `refSchedule`, because the process must not end before its steps are done. */
const processEnding: Ending = { ...refSchedule, exit: (code) => process.exit(code) };

/**
 * Returns the handler for signals. A failing step is logged, does not stop the other steps, and makes the exit code 1.
 */
export function createShutdown(
  { logger, begin, graceMs, cut, steps, flush }: Shutdown,
  { after, exit }: Ending = processEnding,
): (signal: NodeJS.Signals) => Promise<void> {
  const seen = new Set<NodeJS.Signals>();

  return async function shutDown(signal) {
    // Ctrl-C in a terminal can arrive twice, as SIGINT and as the parent's SIGTERM. That counts as one signal.
    if (seen.has(signal)) return exit(1);
    seen.add(signal);
    if (seen.size > 1) return;
    begin();
    logger.info('shutdown_begun', { signal });
    after(DEADLINE_MS, () => {
      logger.error('shutdown_deadline_passed');
      exit(1);
    });
    after(CUT_AFTER_MS, () => {
      logger.warn('shutdown_cut');
      cut();
    });
    if (signal === 'SIGTERM' && graceMs > 0) await new Promise<void>((resolve) => after(graceMs, resolve));
    const succeeded = await runSteps({ steps, logger });
    logger.info('shutdown_complete');
    await flush();
    exit(succeeded ? 0 : 1);
  };
}

/** Runs every step in order. A step that fails is logged and stops no other; then the result is false. */
export async function runSteps({ steps, logger }: Pick<Shutdown, 'steps' | 'logger'>): Promise<boolean> {
  let succeeded = true;
  for (const { name, run } of steps) {
    try {
      await run();
    } catch (error) {
      succeeded = false;
      // Other messages may quote data.
      const problem = error instanceof UndoneStepError ? { problem: error.message } : {};
      logger.error('shutdown_step_failed', { step: name, ...problem });
    }
  }
  return succeeded;
}
