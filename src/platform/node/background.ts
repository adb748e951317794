/**
 * Work that outlives the answer it started behind, tracked so that a shutdown can wait for it.
 */
import type { Background } from '../../ports/background.ts';
import type { Logger } from '../../ports/logger.ts';

export interface NodeBackground extends Background {
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
}

export function createBackground(logger: Logger): NodeBackground {
  const tasks = new Set<Promise<unknown>>();
  return {
    run(task) {
      const tracked = task
        .catch((error: unknown) => {
          logger.error('background_task_failed', { error: error instanceof Error ? error.name : 'unknown' });
        })
        .finally(() => tasks.delete(tracked));
      tasks.add(tracked);
    },
    async idle() {
      while (tasks.size > 0) await Promise.all(tasks);
    },
  };
}
