import type { Random } from '../../ports/random.ts';

/** The platform's own generator: good enough to spread retries, and for nothing else. */
export const random: Random = { next: () => Math.random() };
