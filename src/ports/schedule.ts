/** Timers, injected because the core may not set them itself. */
export interface Schedule {
  /** Calls `task` once after `delayMs`; the returned function cancels it. A pending timer keeps no process alive. */
  after(delayMs: number, task: () => void): () => void;
}
