/** The CPU time of this thread for a call, so that other processes disturb it less than a clock would. */

export function threadUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? Number.NaN) + (sorted[Math.floor(half)] ?? Number.NaN)) / 2;
}

export interface Sampling {
  readonly warmMs: number;
  readonly samples: number;
  readonly sampleMs: number;
}

export const THOROUGH: Sampling = { warmMs: 300, samples: 21, sampleMs: 20 };
export const BRIEF: Sampling = { warmMs: 50, samples: 5, sampleMs: 5 };

/** Microseconds of a call: the median of the samples. */
export function microseconds(run: () => unknown, { warmMs, samples, sampleMs }: Sampling = THOROUGH): number {
  const sample = (leastMs: number): number => {
    const from = threadUs();
    let [calls, until] = [0, from];
    do {
      run();
      calls += 1;
      // Reading the clock would be a part of a short call.
      if (calls % 8 === 0 || until === from) until = threadUs();
    } while (until - from < leastMs * 1000);
    return (threadUs() - from) / calls;
  };
  sample(warmMs);
  return median(Array.from({ length: samples }, () => sample(sampleMs)));
}
