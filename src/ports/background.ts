/** Runs work that continues after the response: `waitUntil` on Workers, a tracked set of promises on Node. */
export interface Background {
  /** Keeps `task` running to its end. The implementation logs a rejection and does not pass it on. */
  run(task: Promise<unknown>): void;
}
