/**
 * Installs the packages of this folder, once for all test files: two that installed them at the same time would take away
 * each other's. Vitest runs this before the first.
 */
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { install } from '../../../tools/setup.mjs';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Why the packages are not there; null when they are. The tests that need them fail, and no other. */
    readonly outsideClientsProblem: string | null;
  }
}

export function setup(project: TestProject): void {
  const said: string[] = [];
  const code = install(fileURLToPath(new URL('.', import.meta.url)), (line) => said.push(line));
  project.provide('outsideClientsProblem', code === 0 ? null : said.join('\n'));
}
