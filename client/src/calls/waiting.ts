/**
 * Waiting that an abort ends at once. Time comes in through `Delay` only, so that a test holds it.
 */

/** Resolves after `ms`. The signal releases the timer; what becomes of the promise then does not matter. */
export type Delay = (ms: number, signal: AbortSignal) => Promise<void>;

export const timerDelay: Delay = (ms, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });

/** The result of `run`, or the reason of the signal as soon as it aborts. `run` gets a signal that ends with the wait. */
export async function untilAborted<Result>(
  signal: AbortSignal | undefined,
  run: (ended: AbortController) => Promise<Result>,
): Promise<Result> {
  signal?.throwIfAborted();
  const ended = new AbortController();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(signal?.reason as Error);
    };
  });
  signal?.addEventListener('abort', stop);
  try {
    return await Promise.race([run(ended), aborted]);
  } finally {
    signal?.removeEventListener('abort', stop);
    ended.abort();
  }
}
