import { readChain, readCheckpoints } from '../../../ledger/sqlite/checkpoints.ts';
import type { ChainState, Ledger } from '../../../ledger/port.ts';
import { FIRST_VERSION_WITH_CHECKPOINTS, SCHEMA_VERSION } from '../../../ledger/sqlite/schema.ts';
import { searchTrail } from '../../../ledger/sqlite/search-trail.ts';
import type { SqlitePort } from '../../../ledger/sqlite/sqlite-port.ts';
import { readEnds, readRecords } from '../../../ledger/sqlite/trail.ts';
import { isAtRest, ledgerFaultOf, LedgerFileError, locateLedger, openReadOnly, readSchemaVersion } from './locate.ts';

/**
 * The trail of a ledger file for tools that only read: beside a running service, or of a ledger at rest, page by page.
 * Short reads by themselves, so that the service can fold its log back between two of them; `steadily` holds one moment.
 */
export interface LedgerReader extends Pick<Ledger, 'chain' | 'records' | 'checkpoints' | 'search'> {
  /** A running service held the ledger when it was opened. */
  readonly inUse: boolean;
  /** How far each sink has got: the last record that it took. */
  cursors(): Promise<readonly SinkCursor[]>;
  /**
   * All that `work` reads is of one moment: no record comes, none is dropped. The service's log grows meanwhile. One at a
   * time. Rejects with a LedgerFileError (`moved`) when a service took up a ledger that was at rest.
   */
  inSnapshot<T>(work: () => Promise<T>): Promise<T>;
  close(): void;
}

export interface SinkCursor {
  readonly sink: string;
  readonly seq: number;
}

/** A ledger of an older schema is read as it is. Rejects with a LedgerFileError, whose message is for the operator. */
export async function readLedgerFile(path: string): Promise<LedgerReader> {
  const place = await locateLedger(path);
  if (place === null) throw new LedgerFileError('absent', path);
  const { database, sqlite } = openReadOnly(place);
  const version = readSchemaVersion(sqlite);
  if (version > SCHEMA_VERSION) {
    database.close();
    throw new LedgerFileError('other_schema', place.path);
  }
  const hasCheckpoints = version >= FIRST_VERSION_WITH_CHECKPOINTS;

  async function read<T>(task: () => T): Promise<T> {
    try {
      return task();
    } catch (error) {
      throw new LedgerFileError(ledgerFaultOf(error), place?.path ?? path, { cause: error });
    }
  }

  function chain(): ChainState {
    if (hasCheckpoints) return readChain(sqlite);
    const { base, head } = readEnds(sqlite);
    return { base, head, checkpoint: null };
  }

  async function stillAtRest(): Promise<boolean> {
    const now = await locateLedger(path).catch(() => null);
    return now !== null && isAtRest(now);
  }

  return {
    inUse: place.inUse,
    chain: () => read(chain),
    records: (after, limit) => read(() => readRecords(sqlite, after, limit)),
    checkpoints: (after, limit) => read(() => (hasCheckpoints ? readCheckpoints(sqlite, after, limit) : [])),
    cursors: () => read(() => readCursors(sqlite)),
    search: (query) => read(() => searchTrail(sqlite, query)),
    async inSnapshot(work) {
      database.exec('BEGIN');
      const result = await work().finally(() => database.exec('ROLLBACK'));
      if (isAtRest(place) && !(await stillAtRest())) throw new LedgerFileError('moved', place.path);
      return result;
    },
    close: () => database.close(),
  };
}

/** A cursor of the first schema is the number of a record, and not yet a position in the outbox. */
function readCursors(sqlite: SqlitePort): readonly SinkCursor[] {
  return sqlite
    .run<{ sink: string; position?: number; seq?: number }>(`SELECT * FROM cursors ORDER BY sink`)
    .map(({ sink, position, seq = 0 }) => ({ sink, seq: position === undefined ? seq : Math.floor(position / 2) }));
}
