import { existsSync, readFileSync } from 'node:fs';

/**
 * The shared test data beside the repository: recorded from real software, read here, never copied in.
 * Where a file is absent, the tests that need it are skipped and say so in their title.
 */
export interface SharedFile {
  readonly present: boolean;
  /** Behind a test's title when the file is absent. */
  readonly word: string;
  text(): string;
}

export function sharedFile(name: string): SharedFile {
  const path = new URL(`../../../shared/${name}`, import.meta.url);
  const present = existsSync(path);
  return {
    present,
    word: present ? '' : ` (skipped: ../shared/${name} is not here)`,
    text: () => readFileSync(path, 'utf8'),
  };
}
