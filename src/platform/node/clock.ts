import type { Clock } from '../../ports/clock.ts';

/** The machine's wall clock. */
export const clock: Clock = { now: () => Date.now() };
