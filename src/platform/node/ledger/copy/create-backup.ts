import { lstatSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { thrownCode } from '../../../../lib/thrown.ts';
import { asOwnerOf, ownerOf } from './as-owner.ts';
import { copyLedger, CopyWriteError } from './copy-ledger.ts';
import type { CopyProgress } from './copy-ledger.ts';
import type { DurableFiles } from './durable-files.ts';
import { isWholeDatabase } from './whole-database.ts';

/**
 * A backup of a ledger as a file that does not exist yet. It is written under a name of its own in the same folder, and
 * gets its real name by `keep`, when it is complete and verified. When root runs it, it writes as the owner of that
 * folder. Only its owner may read it, from the first byte on. It never replaces a file. A process that is killed leaves
 * the unfinished file `FILE.partial-…` and no backup.
 */
export interface UnfinishedBackup {
  /** Where it is until it is kept. */
  readonly path: string;
  /** SQLite's own check of every page. */
  isWhole(): boolean;
  /** Gives it its name and returns its size in bytes. Throws a BackupPathError, or a CopyWriteError. */
  keep(): number;
  /** Removes it. Synchronous, so that an interrupt can do it. */
  abandon(): void;
}

/** The backup cannot be made under this name. The message is for the operator. */
export class BackupPathError extends Error {
  override readonly name = 'BackupPathError';
}

/** SQLite and this program give these endings to files beside a ledger: such a backup would be taken for one of them. */
const ENDINGS_OF_LEDGER_FILES = /-(?:wal|shm|lock|journal|displaced)$/;

export interface BackupCall {
  /** The ledger. */
  readonly source: string;
  readonly out: string;
  /** Called once, with what removes the unfinished file. */
  readonly onCreated: (abandon: () => void) => void;
  readonly onProgress: (progress: CopyProgress) => void;
}

export interface BackupDeps {
  readonly files: DurableFiles;
  /** Makes the name of an unfinished file unique. */
  readonly uniqueName: () => string;
}

/** Rejects with a BackupPathError, a LedgerFileError or a CopyWriteError; nothing is left behind then. */
export async function createBackup(
  { source, out, onCreated, onProgress }: BackupCall,
  { files, uniqueName }: BackupDeps,
): Promise<UnfinishedBackup> {
  const target = resolve(out);
  refuseTarget(target);
  const path = `${target}.partial-${uniqueName()}`;
  const asOwner = asOwnerOf(ownerOf(dirname(target)));
  const abandon = (): void =>
    asOwner(() => {
      files.remove(path);
      files.remove(`${path}-journal`);
    });
  try {
    asOwner(() => files.create(path));
  } catch (error) {
    throw new BackupPathError(`${target} cannot be made (${thrownCode(error) ?? 'unknown error'})`, { cause: error });
  }
  onCreated(abandon);
  try {
    await copyLedger(source, path, { asWriter: asOwner, onProgress });
    writing(() => asOwner(() => files.sync(path)));
  } catch (error) {
    abandon();
    throw error;
  }
  return {
    path,
    isWhole: () => isWholeDatabase(path),
    keep() {
      refuseTarget(target);
      writing(() => asOwner(() => files.rename(path, target)));
      return lstatSync(target).size;
    },
    abandon,
  };
}

/** Throws a BackupPathError. A dangling link counts as a file. */
function refuseTarget(target: string): void {
  if (ENDINGS_OF_LEDGER_FILES.test(target))
    throw new BackupPathError(`${target} has the ending of a file that belongs to a ledger; choose another name`);
  if (lstatSync(target, { throwIfNoEntry: false }) !== undefined)
    throw new BackupPathError(`${target} is there already; nothing was written`);
}

function writing(step: () => void): void {
  try {
    step();
  } catch (error) {
    throw new CopyWriteError(thrownCode(error) ?? 'unknown error', { cause: error });
  }
}
