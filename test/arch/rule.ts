import type { FileMap } from './source-tree.ts';

/** One rule of the repository: its name, and a function that lists the violations in a tree. */
export interface Rule {
  /** The rule, as the end of a sentence that begins "the house …". */
  readonly promise: string;
  check(files: FileMap): Violation[];
}

export interface Violation {
  readonly file: string;
  readonly problem: string;
}

/** Files of the tree under one of `folders` (or equal to it) whose name ends in `.ts`, `.tsx` or `.mjs`. */
export function codeUnder(files: FileMap, ...folders: readonly string[]): [path: string, text: string][] {
  return [...files].filter(
    ([path]) => /\.(?:m?[jt]s|tsx)$/.test(path) && folders.some((f) => path === f || path.startsWith(`${f}/`)),
  );
}
