import type { Evidence, Finds } from './forgery.ts';

/** The exit codes of `audit verify` (docs/cli.md). */
const EXIT_OF: Readonly<Record<string, number>> = { intact: 0, broken: 1, refused: 2, newer: 3, unproven: 4 };

/** The exit code of a verdict, which is the first word of a cell. */
export function exitOf(found: string): number {
  return EXIT_OF[/^\w+/.exec(found)?.[0] ?? ''] ?? -1;
}

export function exitsOf({ alone, kept, key, both, copy }: Finds): Readonly<Record<Evidence, number>> {
  return { alone: exitOf(alone), kept: exitOf(kept), key: exitOf(key), both: exitOf(both), copy: exitOf(copy) };
}
