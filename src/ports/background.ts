/** Work that outlives the answer it started behind: `waitUntil` on Workers, a tracked set on Node. */
export interface Background {
  /** Keeps `task` alive to its end. A rejection is logged by the implementation and goes no further. */
  run(task: Promise<unknown>): void;
}
