/** Wall-clock time, injected so that nothing in the core reads the machine's clock by itself. */
export interface Clock {
  /** Milliseconds since the Unix epoch (UTC). */
  now(): number;
}
