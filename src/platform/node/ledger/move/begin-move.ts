import type { LedgerReader } from '../../../../ledger/ledger-reader.ts';
import { postgresUrlOf } from '../../../../config/reading/postgres-url.ts';
import { openTargetServer } from './target-server.ts';
import type { TargetServer } from './target-server.ts';
import { holdSourceFile } from './source-file.ts';
import type { ServerLedger } from '../postgres/access.ts';

/**
 * A move of a stopped ledger from its file to PostgreSQL. The caller verifies both sides through their readers. A process
 * that is killed at any moment leaves the file as it was and the target empty, or the target with everything: the same
 * command again then finds it there, and takes the file away.
 */
export interface UnfinishedMove extends Omit<TargetServer, 'end'> {
  /** The file: absolute, and not itself a symbolic link. */
  readonly path: string;
  readonly source: LedgerReader;
  /** SQLite's own check of every page of the file. */
  isWhole(): boolean;
  /** Renames the file and puts a text in its place. Returns its new name. `stamp` is a part of that name. */
  takeAway(at: { readonly at: string; readonly stamp: string }): string;
  end(): Promise<void>;
}

export interface MoveCall {
  /** The path of the file. */
  readonly source: string;
  readonly target: ServerLedger;
}

/** Rejects with a MoveRefusedError, a LedgerFileError or a LedgerServerError. Nothing is changed then. */
export async function beginMove({ source, target }: MoveCall): Promise<UnfinishedMove> {
  const file = await holdSourceFile(source);
  try {
    const { end, ...server } = await openTargetServer(target, file.sqlite);
    return {
      ...server,
      path: file.path,
      source: file.reader,
      isWhole: file.isWhole,
      takeAway: (at) => file.takeAway({ ...at, url: postgresUrlOf(target.place) }),
      async end() {
        file.end();
        await end();
      },
    };
  } catch (error) {
    file.end();
    throw error;
  }
}
