import { existsSync, readFileSync } from 'node:fs';

/**
 * Reads the shared test data beside the repository. The data was recorded from real software and is never copied into
 * the repository. Where a file is absent, the tests that need it are skipped, with the reason in their title.
 */
export interface SharedFile {
  readonly present: boolean;
  /** The end of a test's title, with the reason when the file is absent. */
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
