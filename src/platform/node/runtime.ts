import { hash } from 'node:crypto';
import { v7 } from 'uuid';
import { thrownName } from '../../lib/thrown.ts';
import type { Background } from '../../ports/background.ts';
import type { MachineClock } from '../../ports/clock.ts';
import type { Ids } from '../../ports/ids.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Random } from '../../ports/random.ts';
import type { Schedule } from '../../ports/schedule.ts';
import type { Sha256 } from '../../ports/sha256.ts';

/**
 * The runtime ports on Node: clock, ids, random numbers, timers, and work that continues after an answer. Its only
 * state is the set of background tasks, which a shutdown waits for.
 */

/** The machine's wall clock, and the monotonic clock of the process. */
export const clock: MachineClock = { now: () => Date.now(), monotonic: () => performance.now() };

/** UUIDv7 from the uuid package; ids made within one millisecond are in order too. */
export const ids: Ids = { uuid7: () => v7() };

/** OpenSSL's. */
export const sha256: Sha256 = (data) => hash('sha256', data);

/** The generator of the JavaScript engine, for retry jitter and never for secrets. */
export const random: Random = { next: () => Math.random() };

/** Node's timers. A pending timer keeps the process alive; for commands, and for the end of the service. */
export const refSchedule: Schedule = {
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Node's timers, unreferenced: a pending timer does not keep the process alive. */
export const schedule: Schedule = {
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs).unref();
    return () => clearTimeout(timer);
  },
};

export interface NodeBackground extends Background {
  /** Resolves when no task is running. */
  idle(): Promise<void>;
}

export function createBackground(logger: Logger): NodeBackground {
  const tasks = new Set<Promise<unknown>>();
  return {
    run(task) {
      const tracked = task
        .catch((error: unknown) => {
          logger.error('background_task_failed', { error: thrownName(error) });
        })
        .finally(() => tasks.delete(tracked));
      tasks.add(tracked);
    },
    async idle() {
      while (tasks.size > 0) await Promise.all(tasks);
    },
  };
}
