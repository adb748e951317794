import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../../../../ports/clock.ts';
import type { Logger } from '../../../../ports/logger.ts';

/**
 * Free space on the ledger's file system, and the size of the ledger. While less than LEDGER_MIN_FREE_MB is free, the ledger
 * records no refusal, replay or dry run whole, so that the space is left for invites. The change is logged once in each
 * direction. Where free space is unknown, it counts as enough: a full disk is then refused by the write itself.
 */
export interface DiskSpace {
  /** Asks the file system at most once in CHECK_EVERY_MS. */
  isLow(): boolean;
  /** Null when unknown. */
  freeBytes(): number | null;
  /** LEDGER_MIN_FREE_MB. */
  readonly minFreeBytes: number;
  /** The database and its write-ahead log. */
  ledgerBytes(): number;
}

export interface DiskSpaceDeps {
  /** The ledger's file. */
  readonly path: string;
  readonly minFreeMb: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bytes free to this user on the file system of a folder. Throws when unknown. */
  readonly readFreeBytes?: (folder: string) => number;
}

const CHECK_EVERY_MS = 1_000;
const MB = 1_000_000;

export function createDiskSpace(deps: DiskSpaceDeps): DiskSpace {
  const { path, minFreeMb, clock, logger, readFreeBytes = freeBytesOf } = deps;
  const minFreeBytes = minFreeMb * MB;
  let isLow = false;
  let checkedAt = -Infinity;

  function freeBytes(): number | null {
    try {
      return readFreeBytes(dirname(path));
    } catch {
      return null;
    }
  }

  function check(): void {
    const free = freeBytes();
    const low = free !== null && free < minFreeBytes;
    if (low === isLow) return;
    isLow = low;
    const fields = { free_mb: Math.floor((free ?? 0) / MB), min_free_mb: minFreeMb };
    if (low) logger.error('ledger_space_low', fields);
    else logger.info('ledger_space_enough', { min_free_mb: minFreeMb });
  }

  return {
    isLow() {
      const now = clock.now();
      // Also when the clock was set back.
      if (Math.abs(now - checkedAt) >= CHECK_EVERY_MS) {
        checkedAt = now;
        check();
      }
      return isLow;
    },
    freeBytes,
    minFreeBytes,
    ledgerBytes: () => sizeOf(path) + sizeOf(`${path}-wal`),
  };
}

function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
