/**
 * How often a test kills a process, and its seed. `.ci/run` kills a few times. KILL_ROUNDS sets another number, and
 * KILL_SEED repeats the choices of a run: which replica, after how many milliseconds, and what each caller asks for.
 */
export interface KillCount {
  readonly rounds: number;
  readonly seed: number;
  /** A full count waits until intents expire, as in production; the short one moves them to the end of their time. */
  readonly isFull: boolean;
}

export function killCount(few: number): KillCount {
  const { KILL_ROUNDS: rounds, KILL_SEED: seed } = process.env;
  return {
    rounds: Number(rounds ?? few),
    seed: Number(seed ?? Date.now() % 1_000_000_000),
    isFull: rounds !== undefined,
  };
}

/** The kill comes so long after the load has begun, at most. */
export const LATEST_KILL_MS = 600;

/** A full count takes minutes: says how far it is. */
export function printProgress({ rounds }: KillCount, round: number): void {
  if (round > 0 && round % 50 === 0) process.stdout.write(`${round} of ${rounds} kills\n`);
}
