import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * The file operations of a backup and of a restore, each of them durable when it returns. One row for each change of the
 * file system, so that a test can stop the process before and after each of them.
 * Closing any descriptor of a file drops all locks that this process holds on it (POSIX fcntl): these functions are
 * only for files that SQLite has not open here.
 */
export interface DurableFiles {
  /** Creates an empty file that only its owner can read. Throws when the path exists. */
  create(path: string): void;
  /** Writes the content of a file to disk. */
  sync(path: string): void;
  /** Replaces a file at `to`, in one step. Both paths are in one folder. */
  rename(from: string, to: string): void;
  /** Copies the content to a new file that only its owner can read. Throws when the path exists. */
  copy(from: string, to: string): void;
  /** Does nothing when there is no file. */
  remove(path: string): void;
}

const COPY_BYTES = 1024 * 1024;

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
  copy(from, to) {
    const source = openSync(from, 'r');
    try {
      const target = openSync(to, 'wx', 0o600);
      try {
        const block = Buffer.alloc(COPY_BYTES);
        for (let bytes = readSync(source, block); bytes > 0; bytes = readSync(source, block))
          writeAll(target, block, bytes);
        fsyncSync(target);
      } finally {
        closeSync(target);
      }
    } finally {
      closeSync(source);
    }
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

/** The system may take a part only. */
function writeAll(descriptor: number, block: Buffer, bytes: number): void {
  for (let at = 0; at < bytes;) at += writeSync(descriptor, block, at, bytes - at);
}
