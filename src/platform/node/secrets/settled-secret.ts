import { statSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { TextFileError } from '../../../lib/text/text-file-error.ts';
import type { Clock } from '../../../ports/clock.ts';
import { readSecret } from './secret-source.ts';
import type { SecretSource } from './secret-source.ts';

/**
 * Reads a secret whose file may be changed at any moment, and does not return a file that is half written: half a key
 * can look like a key. Another file at the path is read at once, because a writer renames it after it has written it;
 * a file that is written in place is read when it has been quiet for QUIET_MS. The caller uses the last good secret
 * until then.
 */
export interface SettledSecret {
  /** Whether the file is certainly as it was at the last read. One synchronous `stat`. */
  isUnchanged(): boolean;
  /** Null while the file is being written. The first read returns what is there. Rejects with a TextFileError. */
  read(): Promise<string | null>;
}

/** How long a file that is written in place must stay as it is. */
export const QUIET_MS = 200;
/** Two writes within this time can leave the same timestamps. */
const TIMESTAMP_GRAIN_MS = 1_000;

export function createSettledSecret(source: SecretSource, clock: Clock): SettledSecret {
  if (source.kind === 'value') {
    let isRead = false;
    return {
      isUnchanged: () => isRead,
      async read() {
        isRead = true;
        return source.text;
      },
    };
  }
  const { path } = source;
  /** The file of the last read; null before the first one and after a failed one. */
  let lastFile: string | null = null;
  /** Null when the file must be read again in any case. */
  let lastVersion: string | null = null;
  let seen = { version: '', sinceMs: 0 };

  function isQuiet(stats: BigIntStats, nowMs: number): boolean {
    const version = versionOf(stats);
    if (seen.version !== version) seen = { version, sinceMs: nowMs };
    // The clock of a file server may be ahead: the time since this version was seen first counts too.
    return nowMs - Math.min(Number(stats.ctimeMs), seen.sinceMs) >= QUIET_MS;
  }

  return {
    isUnchanged() {
      const stats = look(path);
      return stats !== null && lastVersion !== null && settledVersion(stats, clock.now()) === lastVersion;
    },
    async read() {
      const before = look(path);
      lastVersion = null;
      try {
        if (before?.isFile() === true && lastFile === fileOf(before) && !isQuiet(before, clock.now())) return null;
        const text = await readSecret(source);
        const after = look(path);
        // Written or replaced during the read.
        if (lastFile !== null && before !== null && (after === null || versionOf(after) !== versionOf(before)))
          return null;
        lastFile = before === null ? null : fileOf(before);
        lastVersion = before === null ? null : settledVersion(before, clock.now());
        return text;
      } catch (error) {
        if (error instanceof TextFileError) lastFile = null;
        throw error;
      }
    },
  };
}

/** About 2 µs; through the thread pool it would be 30. Follows links, so Kubernetes' swap of `..data` is another file. */
function look(path: string): BigIntStats | null {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return null;
  }
}

const fileOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`;

const versionOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(':');

/** Null for a file that has just changed: it may change again with the same timestamps. */
export function settledVersion(stats: BigIntStats, nowMs: number): string | null {
  return nowMs - Number(stats.ctimeMs) > TIMESTAMP_GRAIN_MS ? versionOf(stats) : null;
}
