import { thrownName } from '../lib/thrown.ts';
import type { Logger } from '../ports/logger.ts';
import type { Schedule } from '../ports/schedule.ts';

/**
 * Runs a task now, and again `intervalMs` after each run has ended, so runs never overlap. A failed run is logged and
 * does not prevent the next one. The returned function stops the task and resolves when the current run has ended.
 */
export function runRecurring(
  intervalMs: number,
  task: () => Promise<unknown>,
  { schedule, logger }: { readonly schedule: Schedule; readonly logger: Logger },
): () => Promise<void> {
  let stopped = false;
  let cancel = (): void => undefined;
  const run = async (): Promise<void> => {
    try {
      await task();
    } catch (error) {
      logger.error('recurring_task_failed', { error: thrownName(error) });
    }
    if (!stopped) {
      cancel = schedule.after(intervalMs, () => {
        currentRun = run();
      });
    }
  };
  let currentRun = run();
  return async () => {
    stopped = true;
    cancel();
    await currentRun;
  };
}
