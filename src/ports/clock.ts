/** Wall-clock time, injected because the core does not read the machine's clock. */
export interface Clock {
  /** Milliseconds since the Unix epoch (UTC). */
  now(): number;
}
