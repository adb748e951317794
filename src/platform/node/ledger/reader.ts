import { readChain, readCheckpoints } from '../../../ledger/sqlite/checkpoints.ts';
import type { ChainState, Ledger } from '../../../ledger/port.ts';
import { FIRST_VERSION_WITH_CHECKPOINTS, SCHEMA_VERSION } from '../../../ledger/sqlite/schema.ts';
import { searchTrail } from '../../../ledger/sqlite/search-trail.ts';
import type { SqlitePort } from '../../../ledger/sqlite/sqlite-port.ts';
import { readEnds, readRecords } from '../../../ledger/sqlite/trail.ts';
import { isAtRest, ledgerFaultOf, LedgerFileError, locateLedger, openReadOnly, readSchemaVersion } from './locate.ts';

/**
 * Reads the trail of a ledger file for tools, page by page, beside a running service or at rest. It never writes. Each
 * read is short, so that the service can checkpoint its write-ahead log between two of them. `inSnapshot` makes many
 * reads see one moment.
 */
export interface LedgerReader extends Pick<Ledger, 'chain' | 'records' | 'checkpoints' | 'search'> {
  /** A running service used the ledger when this reader opened it. */
  readonly inUse: boolean;
  /** The last record that each sink has acknowledged. */
  cursors(): Promise<readonly SinkCursor[]>;
  /**
   * Runs `work` in one transaction: all that it reads is of one moment. The write-ahead log of the service grows
   * meanwhile. Only one may run at a time. Rejects with a LedgerFileError (`moved`) when a service opened a ledger that
   * was at rest.
   */
  inSnapshot<T>(work: () => Promise<T>): Promise<T>;
  close(): void;
}

export interface SinkCursor {
  readonly sink: string;
  readonly seq: number;
}

/** Reads older schemas too. Rejects with a LedgerFileError; its message is for the operator. */
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

/** In the first schema a cursor is a record's `seq`; later it is a position in the outbox, two for each record. */
function readCursors(sqlite: SqlitePort): readonly SinkCursor[] {
  return sqlite
    .run<{ sink: string; position?: number; seq?: number }>(`SELECT * FROM cursors ORDER BY sink`)
    .map(({ sink, position, seq = 0 }) => ({ sink, seq: position === undefined ? seq : Math.floor(position / 2) }));
}
