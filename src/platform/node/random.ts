import type { Random } from '../../ports/random.ts';

/** The engine's generator: good enough to spread retries, not for secrets. */
export const random: Random = { next: () => Math.random() };
