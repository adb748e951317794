import type { Clock } from '../ports/clock.ts';
import type { Background } from '../ports/background.ts';
import type { Schedule } from '../ports/schedule.ts';
import { withDeadline } from './with-deadline.ts';

/**
 * Shares one run of a task among all requests that need its result, also where a request must not await a promise that
 * another request began (Workers): there a request looks for the result at short intervals. Invariant: the task runs at
 * most once at a time. The run goes on when the request that began it is over.
 */
export interface SharedTaskDeps {
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly background: Background;
  readonly canAwaitAcrossRequests: boolean;
}

interface Run<T> {
  readonly promise: Promise<T>;
  readonly startedAtMs: number;
  result: T | null;
}

const LOOK_MS = 100;
/** A run that the platform ended together with its request never has a result. */
const LOST_AFTER_MS = 60_000;

/** The task must not reject. Null: there was no result within the time of the request. */
export function createSharedTask<A, T extends object>(
  task: (argument: A) => Promise<T>,
  { clock, schedule, background, canAwaitAcrossRequests }: SharedTaskDeps,
): (argument: A, withinMs: number) => Promise<T | null> {
  let running: Run<T> | null = null;

  function start(argument: A): Run<T> {
    const run: Run<T> = { promise: task(argument), startedAtMs: clock.now(), result: null };
    running = run;
    background.run(
      run.promise.then(
        (result) => {
          run.result = result;
          if (running === run) running = null;
        },
        (error: unknown) => {
          if (running === run) running = null;
          throw error;
        },
      ),
    );
    return run;
  }

  async function look(run: Run<T>, withinMs: number): Promise<T | null> {
    for (let leftMs = withinMs; run.result === null && leftMs > 0; leftMs -= LOOK_MS)
      await new Promise<void>((resolve) => schedule.after(Math.min(LOOK_MS, leftMs), resolve));
    return run.result;
  }

  return async (argument, withinMs) => {
    const joined = running !== null && Math.abs(clock.now() - running.startedAtMs) < LOST_AFTER_MS ? running : null;
    if (joined !== null && !canAwaitAcrossRequests) return await look(joined, withinMs);
    const { promise } = joined ?? start(argument);
    return await withDeadline(promise, { schedule, deadlineMs: withinMs }).catch(() => null);
  };
}
