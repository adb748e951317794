/**
 * The worker thread that wakes the load generator at even distances. A timer of the event loop is a millisecond coarse;
 * waiting on a futex is not, and takes no CPU from the upstream stub, as spinning would.
 */
import { parentPort, workerData } from 'node:worker_threads';

export interface Pace {
  /** Of `process.hrtime`, which all threads share. */
  readonly startNs: bigint;
  readonly gapNs: number;
  readonly count: number;
}

const { startNs, gapNs, count } = workerData as Pace;
const never = new Int32Array(new SharedArrayBuffer(4));
for (let n = 0; n < count; n += 1) {
  const waitMs = Number(startNs + BigInt(Math.round(n * gapNs)) - process.hrtime.bigint()) / 1e6;
  if (waitMs > 0) Atomics.wait(never, 0, 0, waitMs);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A port of worker_threads has no origin.
  parentPort?.postMessage(null);
}
