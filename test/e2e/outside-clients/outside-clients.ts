/**
 * Clients that others make: Galileo's own, and generators of clients. They are a package of their own with a lock of its
 * own, so that `npm start` and `npm test` do not install them. No script of theirs runs at installation.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';

export const OUTSIDE_CLIENTS = fileURLToPath(new URL('.', import.meta.url));

/** Throws when install.ts could not install the packages. */
export function expectOutsideClients(): void {
  const problem = inject('outsideClientsProblem');
  if (problem !== null) throw new Error(problem);
}

export const requireOutside = createRequire(new URL('package.json', import.meta.url));
