import type { Deadline } from './with-deadline.ts';
import { withDeadline } from './with-deadline.ts';

/**
 * Shares one run of a task that may hang and cannot be cancelled, such as a read from a file system that does not
 * answer. Callers that come while it runs wait for the same run, each with a deadline of its own. Invariant: the task
 * runs at most once at a time, because on Node each hanging read holds one of four pool threads.
 */
export function createSingleFlight<T>(task: () => Promise<T>, deadline?: Deadline): () => Promise<T> {
  let running: Promise<T> | null = null;
  return async function singleFlight() {
    running ??= task().finally(() => (running = null));
    // Without a deadline, a caller waits for as long as the run takes.
    return await (deadline === undefined ? running : withDeadline(running, deadline));
  };
}
