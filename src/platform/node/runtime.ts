import { hash, randomFillSync, randomUUID } from 'node:crypto';
import { v7 } from 'uuid';
import { createInFlight } from '../../lib/in-flight.ts';
import { thrownName } from '../../lib/thrown.ts';
import { spanIdOf, traceIdOf } from '../../lib/uuid.ts';
import type { Background } from '../../ports/background.ts';
import type { MachineClock } from '../../ports/clock.ts';
import type { Ids, TraceIds } from '../../ports/ids.ts';
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

/** So many ids share one call of the random generator, which costs more than all else of an id. */
const IDS_PER_FILL = 256;
const RANDOM_BYTES = 16;

/**
 * UUIDv7 (RFC 9562 §5.7) by the uuid package. Ids of one process increase, also within one millisecond and when the clock
 * steps back: a counter of 32 bits with a random start takes the place of the first random bits (§6.2, method 1).
 */
export function createIds({
  now,
  fill,
}: {
  readonly now: () => number;
  readonly fill: (bytes: Uint8Array) => void;
}): Ids {
  const pool = new Uint8Array(IDS_PER_FILL * RANDOM_BYTES);
  let used = pool.length;
  let [ms, counter] = [-Infinity, 0];
  return {
    uuid7() {
      if (used === pool.length) {
        fill(pool);
        used = 0;
      }
      const random = pool.subarray(used, (used += RANDOM_BYTES));
      const nowMs = now();
      if (nowMs > ms) {
        ms = nowMs;
        // The highest bit starts at 0, so the counter has room for two billion ids of a clock that stands still.
        counter = new DataView(random.buffer, random.byteOffset).getUint32(6) >>> 1;
      } else {
        counter += 1;
      }
      return v7({ random, msecs: ms, seq: counter });
    },
  };
}

export const ids: Ids = createIds({ now: () => Date.now(), fill: (bytes) => void randomFillSync(bytes) });

/** Node draws the random bytes of many UUIDs at once. */
export const traceIds: TraceIds = {
  traceId: () => traceIdOf(randomUUID()),
  spanId: () => spanIdOf(randomUUID()),
};

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
  const tasks = createInFlight<Promise<unknown>>();
  return {
    run(task) {
      const forget = (): void => remove();
      const tracked = task.then(forget, (error: unknown) => {
        logger.error('background_task_failed', { error: thrownName(error) });
        forget();
      });
      const remove = tasks.add(tracked);
    },
    async idle() {
      while (tasks.size > 0) await Promise.all(tasks);
    },
  };
}
