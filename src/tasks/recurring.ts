import type { Logger } from '../ports/logger.ts';
import type { Schedule } from '../ports/schedule.ts';

/**
 * Runs a task now and again `intervalMs` after each end, so that runs never overlap. A failing run is logged and the
 * next one comes all the same. The returned function stops it and resolves when the run under way has ended.
 */
export function every(
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
      logger.error('recurring_task_failed', { error: error instanceof Error ? error.name : 'unknown' });
    }
    if (!stopped) {
      cancel = schedule.after(intervalMs, () => {
        underWay = run();
      });
    }
  };
  let underWay = run();
  return async () => {
    stopped = true;
    cancel();
    await underWay;
  };
}
