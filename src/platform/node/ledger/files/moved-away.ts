import { closeSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * The text in the place of a ledger file that was moved to PostgreSQL. It is no database, so that no release of the
 * service starts with it, and it says to a person where the ledger is.
 */
const BEGINNING = 'This ledger was moved to PostgreSQL.';

export function movedAwayText({
  url,
  at,
  name,
}: {
  /** Without a password. */
  readonly url: string;
  /** RFC 3339. */
  readonly at: string;
  /** The path that the file has now. */
  readonly name: string;
}): string {
  return [
    BEGINNING,
    `It is at ${url} since ${at}: set LEDGER_URL to it.`,
    `The file of before is ${basename(name)} in this folder. A service that is started with it forks the audit trail.`,
    '',
  ].join('\n');
}

/** Only for a file that SQLite has not open in this process: closing a descriptor drops the process's locks on a file. */
export function isMovedAway(path: string): boolean {
  try {
    const file = openSync(path, 'r');
    try {
      const begin = Buffer.alloc(BEGINNING.length);
      readSync(file, begin, 0, begin.length, 0);
      return begin.toString('latin1') === BEGINNING;
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}
