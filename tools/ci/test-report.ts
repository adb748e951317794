/** Vitest's JSON report (`--reporter=json`), as far as it is read here. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

export interface Failure {
  /** From the folder of the project. */
  readonly file: string;
  /** Null: the file could not be loaded. */
  readonly test: string | null;
  /** With the stack. Without the colours of a terminal. */
  readonly error: string;
}

export function readFailures(path: string, root: string = process.cwd()): readonly Failure[] {
  const report = JSON.parse(readFileSync(path, 'utf8')) as Report;
  return report.testResults.flatMap(({ name, status, message, assertionResults }): Failure[] => {
    const file = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0) return status === 'failed' ? [{ file, test: null, error: plain(message) }] : [];
    return failed.map(({ fullName, failureMessages: [error = ''] }) => ({ file, test: fullName, error: plain(error) }));
  });
}

function plain(text: string): string {
  // The escape character is what is removed.
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/\u001B\[\d*m/g, '');
}
