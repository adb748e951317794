import { existsSync, linkSync, readdirSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { LedgerReader } from '../../../../ledger/ledger-reader.ts';
import { SCHEMA_VERSION } from '../../../../ledger/sqlite/schema.ts';
import type { SqlitePort } from '../../../../ledger/sqlite/sqlite-port.ts';
import { asOwnerOf, ownerOf } from '../copy/as-owner.ts';
import { durableFiles, syncFolderOf } from '../copy/durable-files.ts';
import { lockLedgerFile } from '../files/file-lock.ts';
import { LedgerFileError, ledgerFaultOf, locateLedger, openForWriting, readSchemaVersion } from '../files/locate.ts';
import { movedAwayText } from '../files/moved-away.ts';
import { resultCodeOf } from '../sqlite.ts';
import { readerOn } from '../reader.ts';

/**
 * A ledger file that is moved away. From the beginning to the end it is held alone: with the service's lock, and with
 * SQLite's exclusive lock, so that no tool reads or writes it meanwhile. Nothing in it is changed, but that its
 * write-ahead log is moved into it first. At the end the file gets another name, and a text that says where the ledger is
 * takes its place: a service that is started with it refuses.
 */
export interface SourceFile {
  /** Absolute, and not itself a symbolic link. */
  readonly path: string;
  readonly sqlite: SqlitePort;
  readonly reader: LedgerReader;
  /** SQLite's own check of every page. */
  isWhole(): boolean;
  /** Returns the name that the file has now. Ends the hold of the file. */
  takeAway(to: { readonly url: string; readonly at: string; readonly stamp: string }): string;
  end(): void;
}

/** A ledger that is not moved. The message is for the operator. */
export class MoveRefusedError extends Error {
  override readonly name = 'MoveRefusedError';
}

/** Rejects with a MoveRefusedError or a LedgerFileError. Nothing is changed then. */
export async function holdSourceFile(configuredPath: string): Promise<SourceFile> {
  finishEarlierName(resolve(configuredPath));
  const place = await locateLedger(configuredPath);
  if (place === null) throw new LedgerFileError('absent', resolve(configuredPath));
  const { path } = place;
  const asOwner = asOwnerOf(ownerOf(path));
  const lock = lockOf(path, asOwner);
  let database: DatabaseSync | null = null;
  const end = (): void => {
    if (database?.isOpen === true) database.close();
    asOwner(lock.release);
  };
  try {
    const held = asOwner(() => holdAlone(path));
    database = held.database;
    const { sqlite } = held;
    if (readSchemaVersion(sqlite) !== SCHEMA_VERSION)
      throw new MoveRefusedError(
        `the ledger ${path} has another schema than this program: start and stop the service of this release with it once, which brings it up to date`,
      );
    const open = database;
    return {
      path,
      sqlite,
      reader: readerOn({ ...place, inUse: false, hasLog: false }, { database: open, sqlite }),
      isWhole: () => Object.values(sqlite.run('PRAGMA quick_check(1)')[0] ?? {})[0] === 'ok',
      takeAway({ url, at, stamp }) {
        return asOwner(() => {
          // Closing it last also removes the empty log.
          open.close();
          return replaceByText(path, stamp, movedAwayText({ url, at, name: movedName(path, stamp) }));
        });
      },
      end,
    };
  } catch (error) {
    end();
    throw error;
  }
}

function lockOf(path: string, asOwner: ReturnType<typeof asOwnerOf>): ReturnType<typeof lockLedgerFile> {
  try {
    return asOwner(() => lockLedgerFile(path));
  } catch (error) {
    // Its errors are sentences for the operator, but for those of the system.
    const message = error instanceof Error && !('code' in error) ? error.message : `${path} cannot be locked`;
    throw new MoveRefusedError(message, { cause: error });
  }
}

function holdAlone(path: string): { readonly database: DatabaseSync; readonly sqlite: SqlitePort } {
  const opened = openForWriting({ path, inUse: false, hasLog: false }, 0);
  const { database, sqlite } = opened;
  try {
    sqlite.run('PRAGMA locking_mode = EXCLUSIVE');
    const [moved] = sqlite.run<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)');
    // Takes the exclusive lock, which stays until the file is closed.
    sqlite.transaction(() => void sqlite.run('SELECT seq FROM head'));
    if (moved?.busy === 0) return opened;
    throw new MoveRefusedError(`the write-ahead log of ${path} could not be moved into it`);
  } catch (error) {
    database.close();
    if (error instanceof MoveRefusedError) throw error;
    if (ledgerFaultOf(error) === 'busy' || resultCodeOf(error) === 5)
      throw new MoveRefusedError(`the ledger ${path} is open in another process; end it and move again`, {
        cause: error,
      });
    throw new LedgerFileError(ledgerFaultOf(error), path, { cause: error });
  }
}

const movedName = (path: string, stamp: string): string => `${path}.moved-${stamp}`;

/**
 * At each moment the path names the ledger or the text, never nothing: a service that found nothing would begin an empty
 * ledger there.
 */
function replaceByText(path: string, stamp: string, text: string): string {
  const kept = movedName(path, stamp);
  if (existsSync(kept)) throw new MoveRefusedError(`${kept} is there already`);
  const moving = `${path}.moving-`;
  for (const name of readdirSync(dirname(path))) {
    // Of a move that was killed: this one holds the file alone.
    if (name.startsWith(basename(moving))) unlinkSync(join(dirname(path), name));
  }
  const unfinished = `${moving}${stamp}`;
  writeFileSync(unfinished, text, { flag: 'wx', mode: 0o600, flush: true });
  try {
    linkSync(path, kept);
  } catch {
    // A file system without hard links.
    renameSync(path, kept);
  }
  durableFiles.rename(unfinished, path);
  return kept;
}

/** A move that was killed between its last two steps has left the ledger with two names. */
function finishEarlierName(path: string): void {
  const own = statSync(path, { throwIfNoEntry: false });
  if (own === undefined || own.nlink === 1) return;
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(`${basename(path)}.moved-`)) continue;
    const other = join(dirname(path), name);
    const found = statSync(other, { throwIfNoEntry: false });
    if (found?.ino !== own.ino || found.dev !== own.dev) continue;
    unlinkSync(other);
    syncFolderOf(other);
  }
}
