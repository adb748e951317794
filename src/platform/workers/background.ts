import { waitUntil } from 'cloudflare:workers';
import type { Background } from '../../ports/background.ts';
import type { Logger } from '../../ports/logger.ts';

/**
 * Work that outlives the answer it started behind: handed to `waitUntil` of the event under way, which then lives until
 * the task ends, also when the caller has gone.
 */
export function createBackground(logger: Logger): Background {
  return {
    run(task) {
      waitUntil(
        task.catch((error: unknown) => {
          logger.error('background_task_failed', { error: error instanceof Error ? error.name : 'unknown' });
        }),
      );
    },
  };
}
