import { closeSync, fsyncSync, lstatSync, mkdirSync, openSync, realpathSync, writeFileSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sha256Hex } from '../../../../lib/sha256.ts';
import { resultCodeOf } from '../sqlite.ts';

/**
 * The ledger's file and the lock that allows one process to use it. The lock is a small SQLite database beside the
 * ledger, held in an exclusive transaction. The kernel releases it whenever the process ends, and tools can still read
 * the ledger itself. Invariant: every path to the same file leads to the same lock, so symbolic links are resolved and
 * hard links are refused. A lock file can be deleted or mounted over: `claim.ts` ties it to the ledger itself.
 */
export interface LedgerFile {
  /** Absolute, and not itself a symbolic link. */
  readonly path: string;
  /** Differs for another lock file. A positive 31-bit integer. */
  readonly lockMark: number;
  /** What the lock's path no longer names; null when it names the lock file that is held. */
  lockFault(): PlaceFault | null;
  release(): void;
}

/** What is wrong with a path that named an open file: nothing is there, or another file is. */
export type PlaceFault = 'missing' | 'replaced';

const SQLITE_BUSY = 5;

/**
 * Creates a missing directory (0700) and file (0600) and takes the lock. Throws an error with a sentence for the
 * operator.
 */
export function lockLedgerFile(configuredPath: string): LedgerFile {
  if (configuredPath === '') throw new Error('the ledger needs a path');
  const path = createLedgerFile(resolve(configuredPath));
  const lockPath = `${path}-lock`;
  createOwnFile(lockPath);
  const release = takeLock(path, lockPath);
  const held = stat(lockPath);
  if (held === null) {
    release();
    throw new Error(`the lock file ${lockPath} was deleted while the ledger was opened`);
  }
  return {
    path,
    release,
    lockMark: (Number.parseInt(sha256Hex(`${held.dev}:${held.ino}`).slice(0, 8), 16) >>> 1) | 1,
    lockFault: () => placeFault(held, stat(lockPath)),
  };
}

/** Compares what an open file was with what its path names now. The number of an open file cannot be used again. */
export function placeFault(opened: BigIntStats, found: BigIntStats | null): PlaceFault | null {
  if (found === null) return 'missing';
  return found.ino === opened.ino && found.dev === opened.dev ? null : 'replaced';
}

function createLedgerFile(path: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const found = stat(path);
  if (found?.isSymbolicLink()) return createLedgerFile(resolveLink(path));
  createOwnFile(path);
  return path;
}

function resolveLink(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    throw new Error(`the ledger path ${path} is a symbolic link to nothing`);
  }
}

/**
 * Creates the file when it is missing, and checks it otherwise. An existing file is never opened here: closing any
 * descriptor of a file drops all locks that this process holds on it (POSIX fcntl), including those of an open ledger.
 */
function createOwnFile(path: string): void {
  const found = stat(path);
  if (found === null) {
    writeFileSync(path, '', { flag: 'wx', mode: 0o600, flush: true });
    syncDirectory(dirname(path));
  } else if (!found.isFile()) {
    throw new Error(`${path} is not a regular file`);
  } else if (found.nlink !== 1n) {
    throw new Error(`${path} has ${found.nlink} names (hard links); another name would escape the lock`);
  }
}

function takeLock(path: string, lockPath: string): () => void {
  const lock = new DatabaseSync(lockPath, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (resultCodeOf(error) !== SQLITE_BUSY) throw error;
    throw new Error(`the ledger ${path} is in use by another process; one ledger file serves one process`, {
      cause: error,
    });
  }
  return () => lock.close();
}

/** Does not follow a link. Null when nothing is there. Inode numbers can exceed what a number holds exactly. */
export function stat(path: string): BigIntStats | null {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;
}

/** Makes the name of a new file survive a power cut, as its content does. */
function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
