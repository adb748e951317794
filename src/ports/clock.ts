/** Wall-clock time, injected because the core does not read the machine's clock. */
export interface Clock {
  /** Milliseconds since the Unix epoch (UTC). */
  now(): number;
}

/** The clock of a machine that an operator can set. The second reading shows how much time passed in between. */
export interface MachineClock extends Clock {
  /** Milliseconds since some moment before the process started. It never steps, whatever happens to `now`. */
  monotonic(): number;
}
