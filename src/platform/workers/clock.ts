import type { Clock } from '../../ports/clock.ts';

/** The platform's wall clock. In workerd it stands still while a turn runs, and moves on with every I/O. */
export const clock: Clock = { now: () => Date.now() };
