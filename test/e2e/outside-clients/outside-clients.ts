/**
 * Clients that others make: Galileo's own, and generators of clients. They are a package of their own with a lock of its
 * own, so that `npm start` and `npm test` do not install them. No script of theirs runs at installation.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { install } from '../../../tools/setup.mjs';

export const OUTSIDE_CLIENTS = fileURLToPath(new URL('.', import.meta.url));

/** Installs the locked packages when they are absent or belong to another lock. */
export function installOutsideClients(): void {
  const said: string[] = [];
  if (install(OUTSIDE_CLIENTS, (line) => said.push(line)) !== 0) throw new Error(said.join('\n'));
}

export const requireOutside = createRequire(new URL('package.json', import.meta.url));
