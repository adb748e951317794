import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * The file operations of a backup and of a restore, each of them durable when it returns. One row for each change of the
 * file system, so that a test can stop the process before and after each of them.
 * Invariant: no function opens a ledger that this process has open in SQLite. Closing any descriptor of a file drops all
 * locks that the process holds on it (POSIX fcntl).
 */
export interface DurableFiles {
  /** Creates an empty file that only its owner can read. Throws when the path exists. */
  create(path: string): void;
  /** Writes the content of a file to disk. */
  sync(path: string): void;
  /** Replaces a file at `to`, in one step. Both paths are in one folder. */
  rename(from: string, to: string): void;
  /** Does nothing when there is no file. */
  remove(path: string): void;
}

export const durableFiles: DurableFiles = {
  create(path) {
    writeFileSync(path, '', { flag: 'wx', mode: 0o600, flush: true });
    syncFolderOf(path);
  },
  sync: syncPath,
  rename(from, to) {
    renameSync(from, to);
    syncFolderOf(to);
  },
  remove(path) {
    rmSync(path, { force: true });
    syncFolderOf(path);
  },
};

/** Makes the names in a folder survive a power cut, as the content of its files does. */
export function syncFolderOf(path: string): void {
  syncPath(dirname(path));
}

function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
