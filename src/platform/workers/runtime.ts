import { waitUntil } from 'cloudflare:workers';
import { v7 } from 'uuid';
import { thrownName } from '../../lib/thrown.ts';
import { spanIdOf, traceIdOf } from '../../lib/uuid.ts';
import type { Background } from '../../ports/background.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Ids, TraceIds } from '../../ports/ids.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Random } from '../../ports/random.ts';
import type { Schedule } from '../../ports/schedule.ts';

/**
 * The runtime ports on Workers: clock, ids, random numbers, timers, and work that continues after an answer. Holds no
 * state: an isolate serves many requests, and a timer belongs to the event that set it.
 */

/**
 * The platform's wall clock. In workerd it does not advance during a turn, only with I/O. It has no monotonic reading:
 * the platform keeps the time, and the ledger trusts it as it is.
 */
export const clock: Clock = { now: () => Date.now() };

/** UUIDv7 from the uuid package: time-ordered, also within one millisecond. Must not be called while a module loads. */
export const ids: Ids = { uuid7: () => v7() };

/** Must not be called while a module loads. */
export const traceIds: TraceIds = {
  traceId: () => traceIdOf(crypto.randomUUID()),
  spanId: () => spanIdOf(crypto.randomUUID()),
};

/** The platform's generator: for retry jitter, never for secrets. */
export const random: Random = { next: () => Math.random() };

/** workerd's timers: they belong to the event that set them and end with it. */
export const schedule: Schedule = {
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Passes each task to `waitUntil`, which keeps the event alive until the task ends, also after a disconnect. */
export function createBackground(logger: Logger): Background {
  return {
    run(task) {
      waitUntil(
        task.catch((error: unknown) => {
          logger.error('background_task_failed', { error: thrownName(error) });
        }),
      );
    },
  };
}
